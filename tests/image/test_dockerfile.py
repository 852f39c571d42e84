"""What the image will be, as far as its Dockerfile shows; `make image` looks into a built one."""

import json
import re

import pytest

from tests.image.dockerfile import arguments, stages
from tests.image.project import PROJECT, ROOT

TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
ARGUMENTS = arguments(TEXT)
STAGES = stages(TEXT)
IMAGE = STAGES[-1]
RUNS = [command for stage in STAGES for command in stage.all("RUN")]


def test_every_base_is_a_build_argument_pinned_by_digest() -> None:
    """Two builds of one commit have the same bases, and another one can be given."""
    assert {stage.image for stage in STAGES} == {f"${{{name}}}" for name in ARGUMENTS}
    for image in ARGUMENTS.values():
        assert re.fullmatch(r"[^@\s]+:[^@\s]+@sha256:[0-9a-f]{64}", image)


def test_the_last_base_has_neither_shell_nor_package_manager() -> None:
    """Nor does anything put one in: the last stage runs nothing and copies one folder."""
    assert IMAGE.image == "${BASE}"
    assert ARGUMENTS["BASE"].startswith("gcr.io/distroless/python3-debian13:nonroot@")
    assert IMAGE.all("RUN") == []
    assert IMAGE.all("COPY") == ["--from=compile /opt/operator /opt/operator"]


def test_nothing_is_emulated() -> None:
    """Every stage that runs something runs on the building platform."""
    running = [stage for stage in STAGES if stage.all("RUN")]

    assert all(stage.options == ("--platform=$BUILDPLATFORM",) for stage in running)
    assert IMAGE.options == ()  # the platform that is asked for


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_wheels_are_those_of_the_target(architecture: str) -> None:
    """And an architecture without wheels is refused by name."""
    (choice,) = [command for command in RUNS if "case" in command]

    assert f"{architecture}) machine=" in choice
    assert "--only-binary=:all:" in choice
    assert re.search(r"\*\) echo .*; exit 1", choice)


def test_whatever_is_installed_is_locked() -> None:
    """By hash; the operator itself comes without dependencies, built by what is locked."""
    installs = [words for command in RUNS for words in re.findall(r"pip install [^&|;]+", command)]

    assert len(installs) == 3
    for words in installs:
        ours = "--no-deps" in words and "--no-build-isolation" in words
        assert ours or re.search(r"--require-hashes -r requirements/\w+\.txt", words), words


def test_all_bytecode_is_compiled_and_found() -> None:
    """With a read-only root, what is missing would be compiled at every start."""
    (command,) = [json.loads(command) for command in STAGES[-2].all("RUN")]
    prefix = "PYTHONPYCACHEPREFIX"

    assert command[1:3] == ["-m", "compileall"]
    assert command[-2:] == ["/usr/lib/python3.13", "/opt/operator/lib/python3.13"]
    assert "unchecked-hash" in command  # valid whatever times a copy gives to the sources
    assert STAGES[-2].pairs("ENV")[prefix] == IMAGE.pairs("ENV")[prefix]
    assert IMAGE.pairs("ENV")[prefix].startswith("/opt/operator/")
    assert IMAGE.pairs("ENV")["PYTHONDONTWRITEBYTECODE"] == "1"


def test_one_python_in_all_places() -> None:
    """The version whose wheels are taken is the one that runs them."""
    assert set(re.findall(r"python(3\.\d+)", TEXT)) == {"3.13"}
    assert ARGUMENTS["PYTHON"].startswith("python:3.13-")


def test_the_image_runs_the_operator_as_nobody() -> None:
    """By number, so that Kubernetes can see that it is not root."""
    assert IMAGE.all("USER") == ["65532:65532"]
    assert json.loads(IMAGE.all("ENTRYPOINT")[0]) == ["/opt/operator/bin/ecr-secrets"]
    assert json.loads(IMAGE.all("CMD")[0]) == ["run"]


def test_the_labels_say_what_it_is() -> None:
    """Those of OCI; version, revision and source are the builder's to give."""
    labels = {
        name.removeprefix("org.opencontainers.image."): value
        for name, value in IMAGE.pairs("LABEL").items()
    }
    project = PROJECT["project"]

    assert labels == {
        "title": project["name"],
        "description": project["description"],
        "licenses": project["license"],
        "source": "${SOURCE}",
        "version": "${VERSION}",
        "revision": "${REVISION}",
        "base.name": "${BASE}",
    }
    given = {argument.partition("=")[0] for argument in IMAGE.all("ARG")}
    assert given == {"BASE", "VERSION", "REVISION", "SOURCE"}


def test_the_build_sees_only_what_it_copies() -> None:
    """The build context lets through what the Dockerfile copies, and nothing else."""
    copied = [
        name
        for stage in STAGES
        for line in stage.all("COPY")
        if not line.startswith("--from")
        for name in line.split()[:-1]
    ]
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()

    assert ignore[0] == "*"
    assert sorted(copied) == sorted(name.removeprefix("!") for name in ignore[1:])
