"""What the chart takes from the code: `python -m chart.generated` writes it anew.

The CRD, the policy that confines the operator, of the values' schema the bounds of settings and the
spec of a credential, and the version, also where people read it.
"""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

from chart.version import versioned_files
from ecr_secrets.settings import Config
from manifests.admission_policy import Confined, policy
from manifests.crd import crd
from manifests.stream import render

CHART = Path(__file__).parent / "kube-ecr-secrets-operator"
SCHEMA = CHART / "values.schema.json"

# Settings that are made of the release's names, of its rights, or of what is mounted.
DERIVED = frozenset(
    {
        "namespace",
        "namespaces",
        "webhook_service",
        "webhook_configuration",
        "webhook_secret",
        "webhook_owner",
        "tls_cert_file",
        "tls_key_file",
        "tls_ca_file",
    }
)
# Where a setting is among the values, other than by its name in `settings`.
_PLACES = {
    "metrics_port": "metrics.port",
    "health_port": "health.port",
    "webhook_port": "webhook.port",
    "webhook_url": "webhook.url",
    "webhook_service_port": "webhook.servicePort",
    "ca_lifetime_seconds": "webhook.caLifetimeSeconds",
    "certificate_lifetime_seconds": "webhook.certificateLifetimeSeconds",
    "ca_overlap_seconds": "webhook.caOverlapSeconds",
    "lease_name": "leaderElection.leaseName",
}
# Put in the place of names that only a release knows; no name of Kubernetes can hold an `@`.
_CONFINED = Confined(namespace="@namespace@", account="@account@", record="@record@")
# Of a structural schema, what JSON Schema knows nothing of; the API server looks after it.
_KUBERNETES_ONLY = "x-kubernetes-"


def files() -> dict[Path, str]:
    """Return the content of every file that is made from the code, or has a part that is."""
    return {
        CHART / "files" / "crd.yaml": render([crd()]),
        CHART / "files" / "admission-policy.yaml": render([policy(_CONFINED, metadata={})]),
        SCHEMA: _values_schema(),
        **versioned_files(),
    }


def place_of(setting: str) -> list[str]:
    """Say where a setting is among the values, step by step."""
    camel = re.sub(r"_([a-z])", lambda found: found[1].upper(), setting)
    return _PLACES.get(setting, f"settings.{camel}").split(".")


def _values_schema() -> str:
    """Return the schema as it stands, with what the code says in it."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    for setting in fields(Config):
        if setting.name not in DERIVED:
            node = schema
            for step in place_of(setting.name):
                node = node["properties"][step]
            node |= _bounds(setting.name)
    version = crd()["spec"]["versions"][0]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    schema["$defs"]["credentialSpec"] = _closed(spec)
    return json.dumps(schema, indent=2) + "\n"


def _bounds(setting: str) -> dict[str, Any]:
    metadata = Config.__dataclass_fields__[setting].metadata
    # Port 0 switches something off, which among the values is said by `enabled`.
    lowest = 1 if setting.endswith("_port") else metadata["at_least"]
    bounds = {"minimum": lowest, "maximum": metadata["at_most"]}
    if metadata["choices"]:
        bounds["enum"] = [*metadata["choices"], None]
    return {word: bound for word, bound in bounds.items() if bound is not None}


def _closed(node: dict[str, Any]) -> dict[str, Any]:
    """Turn a structural schema into one that refuses fields it does not know."""
    kept = {key: value for key, value in node.items() if not key.startswith(_KUBERNETES_ONLY)}
    if "items" in kept:
        kept["items"] = _closed(kept["items"])
    if "properties" in kept:
        kept["properties"] = {name: _closed(each) for name, each in kept["properties"].items()}
        kept["additionalProperties"] = False
    return kept


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
