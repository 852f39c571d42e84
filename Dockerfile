# Small, non-root, ready for a read-only root file system.
ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS build
WORKDIR /build
COPY requirements/runtime.txt requirements/
RUN python -m venv /opt/operator \
    && /opt/operator/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/operator/bin/pip install --no-cache-dir --no-deps . \
    && /opt/operator/bin/python -m compileall -q /opt/operator/lib \
    && /opt/operator/bin/pip uninstall --yes --quiet pip

FROM ${PYTHON}
LABEL org.opencontainers.image.title="kube-ecr-secrets-operator" \
      org.opencontainers.image.description="Keeps AWS ECR image pull secrets valid in every namespace" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/operator /opt/operator
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 MALLOC_ARENA_MAX=1
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["/opt/operator/bin/ecr-secrets"]
CMD ["run"]
