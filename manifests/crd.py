"""The CustomResourceDefinition of AWSECRCredential: schema from the code, rules from here."""

from typing import Any

from ecr_secrets.core.spec import GROUP, KIND, PLURAL, VERSION, CredentialSpec
from ecr_secrets.core.status import Status
from manifests.schema import Schema, structural_schema

_CONDITION = ".status.conditions[?(@.type=='Ready')]"


def crd() -> Schema:
    """Return the manifest of the CRD."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Cluster",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["ecrcred"],
                "categories": ["ecr"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": _columns(),
                    "schema": {"openAPIV3Schema": _schema()},
                }
            ],
        },
    }


def _columns() -> list[dict[str, Any]]:
    return [
        {"name": "Ready", "type": "string", "jsonPath": f"{_CONDITION}.status"},
        {"name": "Secret", "type": "string", "jsonPath": ".spec.secretName"},
        {"name": "Namespaces", "type": "string", "jsonPath": ".status.readyNamespaces"},
        {"name": "Expires", "type": "string", "jsonPath": ".status.expiresAt"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        {"name": "Reason", "type": "string", "jsonPath": f"{_CONDITION}.reason", "priority": 1},
        {"name": "Regions", "type": "string", "jsonPath": ".status.regions", "priority": 1},
    ]


def _schema() -> Schema:
    spec = structural_schema(CredentialSpec)
    spec["description"] = "What is asked for."
    status = structural_schema(Status)
    status["description"] = "How things stand."
    _add_rules(spec)
    status["properties"]["conditions"] |= {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    }
    return {
        "description": "Keeps a pull secret for AWS ECR valid in a set of namespaces.",
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": status,
        },
    }


def _add_rules(spec: Schema) -> None:
    """Add what a plain schema cannot say."""
    spec["properties"]["awsAccess"]["x-kubernetes-validations"] = [
        {
            "rule": "!has(self.externalId) || has(self.roleArn)",
            "message": "externalId only has a meaning with roleArn",
            "fieldPath": ".externalId",
        },
        {
            "rule": "has(self.secretName) || has(self.roleArn)",
            "message": "name a secretName or a roleArn; "
            "without awsAccess the operator's own identity is used",
        },
    ]
    registries = spec["properties"]["registries"]
    registries |= {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["region"],
    }
    registry = registries["items"]
    registry["x-kubernetes-validations"] = [
        {
            "rule": "!self.region.matches('[a-z]$')",
            "messageExpression": "self.region + ' is an availability zone; its region is ' "
            "+ self.region.substring(0, self.region.size() - 1)",
            "message": "this is an availability zone; leave out its last letter",
            "fieldPath": ".region",
        }
    ]
    registry["properties"]["accountIds"]["x-kubernetes-list-type"] = "set"
