"""The static installation: the names it goes by, and what stands in `install.yaml`."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ecr_secrets.webhook.ca_secret import SECRET_NAME
from manifests.admission_policy import Confined

Manifest = dict[str, Any]

FILE = Path(__file__).with_name("install.yaml")
NAME = "kube-ecr-secrets-operator"
NAMESPACE = "kube-ecr-secrets"
CONFINED = Confined(namespace=NAMESPACE, account=NAME, record=SECRET_NAME)


@cache
def install() -> list[Manifest]:
    """Return all objects, in the order they have to be created in."""
    return list(yaml.safe_load_all(FILE.read_text(encoding="utf-8")))


def rules() -> list[Manifest]:
    """Return what the operator may do; the cluster tests hold it against what it does."""
    return _rules("ClusterRole")


def own_rules() -> list[Manifest]:
    """Return what the operator may do in its own namespace besides."""
    return _rules("Role")


def _rules(kind: str) -> list[Manifest]:
    (role,) = [each for each in install() if each["kind"] == kind]
    return list(role["rules"])
