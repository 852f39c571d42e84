"""What the chart renders, as a file for people without Helm.

Whatever only Helm understands is taken out, and the objects stand in the order in which
`kubectl apply` has to create them.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from chart.generated import CHART
from manifests.install import NAME, NAMESPACE, Manifest

Values = Mapping[str, Any]

# The file that objects of a kind are in, in the order of their creation. The policy comes before
# the rights, so that there is no moment without it.
FILES = {
    "namespace.yaml": ("Namespace",),
    "crd.yaml": ("CustomResourceDefinition",),
    "policy.yaml": ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
    "rights.yaml": ("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
    "certificates.yaml": ("Issuer", "Certificate"),
    "operator.yaml": ("Service", "PodDisruptionBudget", "Deployment"),
}
_ORDER = [kind for kinds in FILES.values() for kind in kinds]
# There is one static installation in a cluster, and its namespace need not be part of a name.
_NAMES: Values = {"clusterNameOverride": NAME}
_LIMIT = 60  # seconds


def rendered(helm: Path, values: Values) -> list[Manifest]:
    """Return the objects of the chart and their namespace.

    Args:
        helm: the program, of any major version.
        values: of the chart, besides the names.

    Raises:
        subprocess.CalledProcessError: Helm refuses the values; says why on stderr.
    """
    found = [each for each in _template(helm, values) if not _is_hook(each)]
    kept = [_without_helm(each) for each in found]
    return sorted(
        [_namespace(kept), *kept],
        key=lambda each: _ORDER.index(each["kind"]),
    )


def _template(helm: Path, values: Values) -> list[Manifest]:
    with TemporaryDirectory(prefix="ecr-helm-") as folder:
        done = subprocess.run(  # noqa: S603 - ours, and what it is given is no shell's
            [helm, "template", NAME, CHART, f"--namespace={NAMESPACE}", "--values=-"],
            input=json.dumps({**_NAMES, **values}),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=_LIMIT,
            # What the person running this has set for Helm says nothing here.
            env={"PATH": os.environ["PATH"], "HOME": folder},
        )
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def _is_hook(manifest: Manifest) -> bool:
    return "helm.sh/hook" in manifest["metadata"].get("annotations", {})


def _namespace(objects: list[Manifest]) -> Manifest:
    """Return the namespace, labelled as the Deployment in it."""
    (labels,) = [each["metadata"]["labels"] for each in objects if each["kind"] == "Deployment"]
    enforced = {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": NAMESPACE, "labels": enforced | labels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _without_helm(manifest: Manifest) -> Manifest:
    kept = manifest | {"metadata": _metadata(manifest["metadata"])}
    if manifest["kind"] == "Deployment":
        template = manifest["spec"]["template"]
        template = template | {"metadata": _metadata(template["metadata"])}
        kept["spec"] = manifest["spec"] | {"template": template}
    return kept


def _metadata(metadata: Manifest) -> Manifest:
    """Take out marks of Helm, and what is empty without them."""
    marks = {
        field: {key: text for key, text in metadata.get(field, {}).items() if not _helms(key, text)}
        for field in ("labels", "annotations")
    }
    kept = {field: value for field, value in metadata.items() if field not in marks}
    return kept | {field: value for field, value in marks.items() if value}


def _helms(key: str, text: str) -> bool:
    return key.startswith("helm.sh/") or (key, text) == ("app.kubernetes.io/managed-by", "Helm")
