"""Helm as a user runs it, with folders of its own and no network."""

import argparse
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from chart.generated import CHART
from ecr_secrets.cli.flags import add_flags, read_config
from ecr_secrets.core.spec import API_VERSION, KIND
from ecr_secrets.settings import Config

Object = dict[str, Any]
Values = Mapping[str, Any]

RELEASE = "ecr"
NAMESPACE = "pull-secrets"
FULL_NAME = "ecr-kube-ecr-secrets-operator"  # what names in that release begin with
CLUSTER_NAME = f"{FULL_NAME}.{NAMESPACE}"  # of its cluster-wide objects
# As `helm template` is told where the CRD is already there.
KNOWN = f"--api-versions={API_VERSION}/{KIND}"

_LIMIT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Helm:
    """One Helm; `kubeconfig` names the cluster it installs into."""

    major: int
    program: Path
    folder: Path  # for what it keeps
    kubeconfig: Path

    def run(self, *words: str, values: Values | None = None) -> str:
        """Run a command that has to work; return what it prints."""
        done = self._run(words, values)
        assert done.returncode == 0, f"helm {' '.join(words)}: {done.stderr}"
        return done.stdout

    def refusal(self, *words: str, values: Values | None = None) -> str:
        """Run a command that has to fail; return what it says."""
        done = self._run(words, values)
        assert done.returncode != 0, f"helm {' '.join(words)}: {done.stdout}"
        return done.stderr

    def render(
        self, values: Values | None = None, *options: str, name: str = RELEASE, ns: str = NAMESPACE
    ) -> list[Object]:
        """Return the objects of a release, hooks included."""
        words = ("template", name, str(CHART), f"--namespace={ns}", *options)
        return [each for each in yaml.safe_load_all(self.run(*words, values=values or {})) if each]

    def _run(
        self, words: tuple[str, ...], values: Values | None
    ) -> subprocess.CompletedProcess[str]:
        given = [] if values is None else ["--values=-"]
        return subprocess.run(
            [self.program, *words, *given],
            input=None if values is None else json.dumps(values),
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "KUBECONFIG": str(self.kubeconfig),
            },
            timeout=_LIMIT.total_seconds(),
        )


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    """Return those of a kind."""
    return [each for each in objects if each["kind"] == kind]


def the(objects: list[Object], kind: str) -> Object:
    """Return the only one of a kind."""
    (found,) = of_kind(objects, kind)
    return found


def identity(each: Object) -> tuple[str, str, str]:
    """Name an object: kind, namespace ("": cluster-wide), name."""
    metadata = each["metadata"]
    return each["kind"], metadata.get("namespace", ""), metadata["name"]


def pod_of(objects: list[Object]) -> dict[str, Any]:
    """Return the pod that the Deployment makes."""
    template: dict[str, Any] = the(objects, "Deployment")["spec"]["template"]
    return template


def container_of(objects: list[Object]) -> dict[str, Any]:
    """Return its only container."""
    (container,) = pod_of(objects)["spec"]["containers"]
    return dict(container)


def config_of(objects: list[Object]) -> Config:
    """Return the settings as the operator reads them from the command line."""
    parser = argparse.ArgumentParser()
    add_flags(parser)
    run, *arguments = container_of(objects)["args"]
    assert run == "run"
    return read_config(parser.parse_args(arguments), {})
