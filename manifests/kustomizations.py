"""A kustomization of the static installation, and variants of it.

A variant says what is different as patches to the base. They are found by rendering the chart with
the values that the variant stands for, so that it cannot become another thing than the chart makes
of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from manifests.difference import difference
from manifests.install import Manifest
from manifests.rendered import FILES, Values
from manifests.stream import Text, render, write

CHART = "the chart"
_FILE = "kustomization.yaml"
_BASE = "../../base"

Identity = tuple[str, str, str]  # kind, namespace ("": cluster-wide), name


@dataclass(frozen=True, slots=True)
class Overlay:
    """A variant of the installation."""

    values: Values
    about: str  # for whoever opens it


OVERLAYS = {
    "one-replica": Overlay(
        {"replicaCount": 1},
        "A single replica: while it restarts, nobody refreshes and no pod is waited for.",
    ),
    "no-webhook": Overlay(
        {"webhook": {"enabled": False}},
        "Nobody asks the operator about pods: timers alone keep pull secrets valid.",
    ),
    "named-secrets": Overlay(
        {
            "rbac": {
                "secretNames": ["ecr-login"],
                "awsAccessSecrets": [{"namespace": "default", "name": "aws-access"}],
            }
        },
        "Rights on Secrets of two names only: `ecr-login` for pull secrets, and `aws-access` in\n"
        "`default` for AWS keys. For others, change the patch of the ClusterRole and rights.yaml.",
    ),
    "cert-manager": Overlay(
        {"webhook": {"certManager": {"enabled": True}}},
        "The webhook's certificate comes from cert-manager, which has to be installed.",
    ),
}


def base(objects: Sequence[Manifest]) -> dict[str, str]:
    """Return the files of a kustomization of these objects, by name."""
    files = _by_file(objects)
    kustomization = _kustomization(list(files))
    about = "Names and namespace are part of the policy: for others, render the chart."
    return {_FILE: render([kustomization], source=CHART, about=about), **files}


def overlay(about: str, before: Sequence[Manifest], after: Sequence[Manifest]) -> dict[str, str]:
    """Return the files of a kustomization that makes the objects before those after, by name."""
    old, new = _by_identity(before), _by_identity(after)
    added = _by_file([manifest for each, manifest in new.items() if each not in old])
    patches = [
        _removal(manifest) if each not in new else _change(manifest, new[each])
        for each, manifest in old.items()
        if manifest != new.get(each)
    ]
    kustomization = _kustomization([_BASE, *added], patches)
    return {_FILE: render([kustomization], source=CHART, about=about), **added}


def _by_file(objects: Sequence[Manifest]) -> dict[str, str]:
    parts = {
        file: [each for each in objects if each["kind"] in kinds] for file, kinds in FILES.items()
    }
    return {file: render(part, source=CHART) for file, part in parts.items() if part}


def _by_identity(objects: Sequence[Manifest]) -> dict[Identity, Manifest]:
    return {_identity(each): each for each in objects}


def _identity(manifest: Manifest) -> Identity:
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def _kustomization(resources: list[str], patches: Sequence[Manifest] = ()) -> Manifest:
    kustomization: dict[str, Any] = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        # As written: the policy is in force before the rights are.
        "sortOptions": {"order": "fifo"},
        "resources": resources,
    }
    return kustomization | ({"patches": list(patches)} if patches else {})


def _removal(manifest: Manifest) -> Manifest:
    kept = {field: manifest["metadata"][field] for field in ("name", "namespace")}
    identified = {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"], "metadata": kept}
    return {"patch": Text(write({"$patch": "delete", **identified}))}


def _change(before: Manifest, after: Manifest) -> Manifest:
    target = {"kind": before["kind"], "name": before["metadata"]["name"]}
    return {"target": target, "patch": Text(write(difference(before, after)))}
