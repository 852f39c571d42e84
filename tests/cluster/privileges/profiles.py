"""The choices of rights that the chart offers, as its values."""

from collections.abc import Mapping
from typing import Any

from ecr_secrets.core.objects import ObjectKey

SHOP, BLOG = "shop", "blog"
LOGIN, OTHER_LOGIN = "ecr-login", "other-login"
PREFIX = "pull"  # of a stage's names, which are known before there is one
AWS_ACCESS = ObjectKey("default", f"{PREFIX}-aws")

_NAMES = {"secretNames": [LOGIN, OTHER_LOGIN]}
_NAMESPACES = {"namespaces": [SHOP, BLOG]}
_AWS = {"awsAccessSecrets": [{"namespace": AWS_ACCESS.namespace, "name": AWS_ACCESS.name}]}

PROFILES: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "names": {"rbac": {**_NAMES, **_AWS}},
    "namespaces": {"rbac": {**_NAMESPACES, **_AWS}},
    "names-in-namespaces": {"rbac": {**_NAMES, **_NAMESPACES, **_AWS}},
    "no-webhook": {"webhook": {"enabled": False}, "rbac": {**_NAMES, **_AWS}},
    # Two choices that have nothing to do with each other.
    "certificate-files-and-no-policy": {
        "webhook": {"existingSecret": "serving"},
        "admissionPolicy": {"enabled": False},
    },
}
