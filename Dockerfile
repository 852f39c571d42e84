# The operator on a base without shell or package manager, ready for a read-only root file system.
# For linux/amd64 and linux/arm64; whatever runs here runs on the building platform, not emulated.
#
# Both images are pinned by the digest of their index; `.github/pin-bases.sh` brings the digests up
# to date. Another one is given as `--build-arg BASE=...`; it needs /usr/bin/python3.13.
ARG PYTHON=python:3.13-slim-trixie@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285
ARG BASE=gcr.io/distroless/python3-debian13:nonroot@sha256:83aa8d4f74a4d7f7cf2d472054139bef71a927b76c680c0f2e1021d6b1d6d732

# A virtual environment as if made by the base's own Python, at the place where it will be.
FROM --platform=$BUILDPLATFORM ${PYTHON} AS build
ARG TARGETARCH
WORKDIR /opt/operator
RUN mkdir bin \
    && ln -s /usr/bin/python3.13 bin/python \
    && printf 'home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.13\n' > pyvenv.cfg
WORKDIR /build
COPY requirements/build.txt requirements/runtime.txt requirements/
# Wheels for the platform that the image is for. The console scripts of libraries are not wanted.
RUN case "$TARGETARCH" in \
        amd64) machine=x86_64 ;; \
        arm64) machine=aarch64 ;; \
        *) echo "no wheels for the architecture '$TARGETARCH' (empty: build with BuildKit)" >&2; exit 1 ;; \
    esac \
    && pip install --no-cache-dir --no-compile --require-hashes -r requirements/runtime.txt \
        --only-binary=:all: --platform "manylinux_2_34_$machine" --platform "manylinux_2_28_$machine" \
        --platform "manylinux_2_17_$machine" --platform "manylinux2014_$machine" \
        --target /opt/operator/lib/python3.13/site-packages \
    && rm -rf /opt/operator/lib/python3.13/site-packages/bin
RUN pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip install --no-cache-dir --no-compile --no-deps --no-build-isolation . \
        --target /opt/operator/lib/python3.13/site-packages \
    && mv /opt/operator/lib/python3.13/site-packages/bin/* /opt/operator/bin/ \
    && rmdir /opt/operator/lib/python3.13/site-packages/bin \
    && sed -i '1s|.*|#!/opt/operator/bin/python|' /opt/operator/bin/*ecr*secrets

# Bytecode of everything, the standard library included: with a read-only root, what is missing here
# would be compiled at every start. It is the same on every architecture, and never looked up again.
FROM --platform=$BUILDPLATFORM ${BASE} AS compile
USER 0:0
COPY --from=build /opt/operator /opt/operator
ENV PYTHONPYCACHEPREFIX=/opt/operator/bytecode
RUN ["/usr/bin/python3.13", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", \
     "/usr/lib/python3.13", "/opt/operator/lib/python3.13"]

FROM ${BASE}
ARG BASE
ARG VERSION=unreleased
ARG REVISION=unknown
ARG SOURCE=https://github.com/zak905/kube-ecr-secrets-operator
LABEL org.opencontainers.image.title="kube-ecr-secrets-operator" \
      org.opencontainers.image.description="Keeps AWS ECR image pull secrets valid in every namespace of a Kubernetes cluster" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE}"
COPY --from=compile /opt/operator /opt/operator
ENV PYTHONPYCACHEPREFIX=/opt/operator/bytecode \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=1
USER 65532:65532
EXPOSE 8080 8081 9443
ENTRYPOINT ["/opt/operator/bin/ecr-secrets"]
CMD ["run"]
