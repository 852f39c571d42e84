"""What roles cannot tell from the operator's work, and only the policy refuses."""

from typing import Any

from ecr_secrets.core.content import DATA_KEY
from ecr_secrets.core.objects import ObjectKey
from tests.cluster.admission_policy.patches import (
    annotated,
    config,
    encoded,
    merged,
    of_type,
    owned,
)
from tests.cluster.admission_policy.ward import Answer, Ward
from tests.cluster.api import Object
from tests.cluster.privileges.profiles import BLOG, LOGIN, OTHER_LOGIN, SHOP
from tests.core.builders import HOUR, NOON, a_content, a_token

# Of names and in namespaces that every choice of rights grants.
_ABSENT, _OURS, _FOREIGN = (
    ObjectKey(BLOG, LOGIN),
    ObjectKey(SHOP, LOGIN),
    ObjectKey(SHOP, OTHER_LOGIN),
)

_TOKEN_OF_DEFAULT = {"metadata": {"annotations": {"kubernetes.io/service-account.name": "default"}}}
_OLDER = a_content(a_token(issued_at=NOON - HOUR))
_TOUCH: Object = {"metadata": {"annotations": {"touched": "yes"}}}
_OPAQUE = {"type": "Opaque"}
_NO_LABEL: Object = {"metadata": {"labels": None}}

# What it would be, the change of what the operator writes, the rule that refuses it.
_CREATIONS: list[tuple[str, Object, str]] = [
    ("a-secret-of-another-type", of_type("Opaque", password="x"), "rule type"),
    (
        "a-token-of-an-account",
        of_type("kubernetes.io/service-account-token") | _TOKEN_OF_DEFAULT,
        "rule type",
    ),
    (
        "a-certificate",
        of_type("kubernetes.io/tls", **{"tls.crt": "x", "tls.key": "x"}),
        "rule type",
    ),
    (
        "a-bootstrap-token",
        of_type("bootstrap.kubernetes.io/token", **{"token-id": "x"}),
        "rule type",
    ),
    ("unmarked", _NO_LABEL, "rule marked"),
    ("without-an-owner", owned(), "rule marked"),
    ("an-empty-config", config("{}"), "rule content"),
    ("a-config-without-registries", config('{"auths":{}}'), "rule content"),
    ("of-unknown-age", annotated(registries=None), "rule dated"),
    ("beside-other-data", {"data": {"more": encoded("x")}}, "rule data"),
    ("immutable", {"immutable": True}, "rule changeable"),
]
_CHANGES: list[tuple[str, Object, str]] = [
    (
        "an-older-token",
        {"metadata": {"annotations": _OLDER.annotations()}, "data": _OLDER.data()},
        "rule order",
    ),
    ("an-empty-config", config("{}"), "rule content"),
    ("no-config", {"data": {DATA_KEY: encoded("{}"), "x": "eA=="}}, "rule data"),
    ("no-label", _NO_LABEL, "rule marked"),
    ("no-owner", owned(), "rule marked"),
    ("a-finalizer", {"metadata": {"finalizers": ["example.com/x"]}}, "rule changeable"),
]
_TOUCHES: list[tuple[str, str, Any]] = [
    ("changed", "merge", _TOUCH),
    ("changed-otherwise", "json", [{"op": "add", "path": "/data", "value": {"x": "eA=="}}]),
    ("overwritten", "force", None),
    ("deleted", "delete", None),
]


def ask_all(ward: Ward) -> dict[str, tuple[Answer, str]]:
    """Try all of it, without effect; return what came of it, and the rule that is to refuse it."""
    asked = {}
    for what, change, words in _CREATIONS:
        manifest = merged(ward.manifest(_ABSENT, a_content()), change)
        answer = ward.operator.ask("apply", _ABSENT, manifest, dry_run=True)
        asked[f"create-{what}"] = (answer, words)
    ward.serve(_OURS, a_content())
    for what, change, words in _CHANGES:
        answer = ward.operator.ask("merge", _OURS, change, dry_run=True)
        asked[f"change-to-{what}"] = (answer, words)
    before = ward.stand(_FOREIGN, {"type": "Opaque"})
    bodies = {"force": merged(ward.manifest(_FOREIGN, a_content(), over=before), _OPAQUE)}
    for what, verb, body in _TOUCHES:
        answer = ward.operator.ask(verb, _FOREIGN, bodies.get(verb, body), dry_run=True)
        asked[f"foreign-{what}"] = (answer, "rule foreign")
    for key in (_OURS, _FOREIGN):
        ward.api.delete("Secret", key.name, key.namespace)
    return asked
