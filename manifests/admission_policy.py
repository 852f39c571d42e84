"""The policy that confines the operator: what its ServiceAccount may do with Secrets.

RBAC cannot tell one Secret of a name from another, nor a token of a ServiceAccount from a pull
secret; a right to write Secrets is close to being the cluster's administrator. The API server
evaluates these rules for the operator alone, and refuses what breaks one.

They are written for Kubernetes 1.30, whose language knows neither a clock nor base64.
"""

from dataclasses import dataclass
from typing import Any

from ecr_secrets.core.content import (
    DATA_KEY,
    DIGEST,
    EXPIRY,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    OVERRULES,
    REGISTRIES,
    SECRET_TYPE,
    SOURCE,
)
from ecr_secrets.core.fence import ENTRY, INSTANT, MAX_ENTRIES
from ecr_secrets.core.spec import API_VERSION, GROUP, KIND
from ecr_secrets.webhook import ca_secret

Manifest = dict[str, Any]

_API = "admissionregistration.k8s.io/v1"
# How the base64 of every pull secret begins and ends: `{"auths":{"`, the first character of a host
# and, however many bytes come before it, `"}}}`. So there is an entry with something in it.
PREFIXES = ("eyJhdXRocyI6eyI", "eyJhdXRocyI6eyJ")
SUFFIXES = ("ifX19", "In19fQ==", "J9fX0=")
_INSTANT = f"[0-9-]{{10}}T[0-9:]{{{INSTANT - 12}}}Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confined:
    """Whom the policy is about."""

    namespace: str
    account: str  # name of the ServiceAccount
    record: str  # name of the Secret with the webhook's certificate authorities


def policy(confined: Confined, *, metadata: Manifest) -> Manifest:
    """Return the policy; it has no effect without `policy_binding`."""
    user = f"system:serviceaccount:{confined.namespace}:{confined.account}"
    return {
        "apiVersion": _API,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": metadata,
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "resources": ["secrets"],
                        "operations": ["CREATE", "UPDATE", "DELETE"],
                        # The default; left out, `kubectl apply` would see a change each time.
                        "scope": "*",
                    }
                ]
            },
            "matchConditions": [
                {"name": "the-operator", "expression": f"request.userInfo.username == '{user}'"}
            ],
            "variables": [
                {"name": name, "expression": text} for name, text in _variables(confined).items()
            ],
            "validations": [
                {"expression": rule.expression, "message": f"rule {name}: {rule.reason}"}
                for name, rule in _RULES.items()
            ],
        },
    }


def policy_binding(*, policy_name: str, metadata: Manifest) -> Manifest:
    """Return what puts the policy into force, in every namespace."""
    return {
        "apiVersion": _API,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": metadata,
        "spec": {"policyName": policy_name, "validationActions": ["Deny"]},
    }


@dataclass(frozen=True, slots=True)
class _Rule:
    expression: str  # true: as it should be
    reason: str  # ends the API server's sentence, which a status shows


def _variables(confined: Confined) -> dict[str, str]:
    """Return what the rules share; each is evaluated when a rule first asks for it.

    There is no `object` in a deletion and no `oldObject` in a creation: the rules see to it that
    nothing asks for what is not there.
    """
    here = f"request.namespace == '{confined.namespace}' && request.name == '{confined.record}'"
    return {
        "record": here,
        "writes": "request.operation != 'DELETE'",
        "replaces": "request.operation == 'UPDATE'",
        "type": f"variables.record ? '{ca_secret.SECRET_TYPE}' : '{SECRET_TYPE}'",
        "key": f"variables.record ? '{ca_secret.DATA_KEY}' : '{DATA_KEY}'",
        "data": "object.?data.orValue({})",
        "oldData": "variables.replaces ? oldObject.?data.orValue({}) : {}",
        "content": f"'{DATA_KEY}' in variables.data ? string(variables.data['{DATA_KEY}']) : ''",
        "finalizers": "object.metadata.?finalizers.orValue([])",
        "oldFinalizers": "variables.replaces ? oldObject.metadata.?finalizers.orValue([]) : []",
        "owners": "object.metadata.?ownerReferences.orValue([])",
        "oldOwners": "request.operation == 'CREATE' ? [] "
        ": oldObject.metadata.?ownerReferences.orValue([])",
        "credentials": f"variables.owners.filter(o, {_IS_CREDENTIAL}).map(o, o.uid)",
        "oldCredentials": f"variables.oldOwners.filter(o, {_IS_CREDENTIAL}).map(o, o.uid)",
        **_stamp("object", ""),
        **_stamp("oldObject", "old"),
    }


def _stamp(side: str, prefix: str) -> dict[str, str]:
    """Read label and annotations of one side into variables."""
    annotations = f"{side}.metadata.?annotations"
    read = {
        "label": _text(f"{side}.metadata.?labels", MANAGED_BY_LABEL),
        "source": _text(annotations, SOURCE),
        "digest": _text(annotations, DIGEST),
        # As `fence.latest_expiry` does it.
        "latest": f"([''] + {_text(annotations, REGISTRIES)}.split(',', {MAX_ENTRIES})"
        f".filter(e, e.matches('^{ENTRY}$')).map(e, e.substring(e.size() - {INSTANT}))).max()",
    }
    return {prefix + (name.capitalize() if prefix else name): text for name, text in read.items()}


def _text(map_: str, key: str) -> str:
    return f"{map_}[?'{key}'].orValue('')"


_IS_CREDENTIAL = f"o.kind == '{KIND}' && o.apiVersion.startsWith('{GROUP}/')"

# In the order in which they are told of: the API server names the first one that is broken.
_RULES = {
    "foreign": _Rule(
        "request.operation == 'CREATE' || variables.record"
        f" || variables.oldLabel == '{MANAGED_BY}' || variables.oldCredentials.size() > 0",
        f"this Secret is neither labelled as the operator's nor owned by an {KIND}",
    ),
    "type": _Rule(
        "!variables.writes || object.type == variables.type",
        f"the operator writes Secrets of type {SECRET_TYPE} only",
    ),
    "marked": _Rule(
        f"!variables.writes || variables.label == '{MANAGED_BY}' && (variables.record"
        f" || variables.owners.exists(o, o.kind == '{KIND}' && o.apiVersion == '{API_VERSION}'))",
        f"what the operator writes carries its label and an owner reference to an {KIND}",
    ),
    "owners": _Rule(
        "!variables.writes || variables.owners.all(o, o in variables.oldOwners"
        f" || !variables.record && {_IS_CREDENTIAL}) && (variables.oldCredentials.size() == 0"
        " || variables.credentials == variables.oldCredentials)",
        f"the operator adds no owner but one {KIND}, and leaves that one in its place",
    ),
    "changeable": _Rule(
        "!variables.writes || !object.?immutable.orValue(false)"
        " && variables.finalizers.all(f, f in variables.oldFinalizers)",
        "the operator makes no Secret immutable and adds no finalizer",
    ),
    "data": _Rule(
        "!variables.writes || variables.key in variables.data && variables.data.all(k,"
        " k == variables.key"
        " || k in variables.oldData && variables.data[k] == variables.oldData[k])",
        "the operator writes one key of a Secret's data, and changes no other",
    ),
    "content": _Rule(
        "!variables.writes || variables.record"
        f" || {list(PREFIXES)}.exists(s, variables.content.startsWith(s))"
        f" && {list(SUFFIXES)}.exists(s, variables.content.endsWith(s))",
        "a pull secret opens at least one registry",
    ),
    "dated": _Rule(
        "!variables.writes || variables.record || variables.latest != ''"
        " && variables.source != '' && variables.digest != ''"
        f" && {_text('object.metadata.?annotations', EXPIRY)}.matches('^{_INSTANT}$')",
        "a pull secret says until when it opens which registry, and where its tokens come from",
    ),
    "order": _Rule(
        "!variables.replaces || variables.record || variables.oldDigest == ''"
        " || variables.source != variables.oldSource || variables.latest >= variables.oldLatest"
        f" || {_text('object.metadata.?annotations', OVERRULES)}"
        " == oldObject.metadata.resourceVersion",
        "of one source, a token that expires later is never replaced by one that expires earlier",
    ),
}
