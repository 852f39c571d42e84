"""What the operator may do: roles, their bindings, and the policy that confines it."""

from typing import Any

import pytest

from chart.generated import CHART
from manifests.admission_policy import Confined, policy
from tests.helm.helm import (
    CLUSTER_NAME,
    FULL_NAME,
    NAMESPACE,
    Helm,
    Object,
    Values,
    container_of,
    of_kind,
    pod_of,
    the,
)
from tests.helm.matrix import KEYS, VALUES

_READ = ["list", "watch"]
_WRITE = [*_READ, "create", "patch", "delete"]
_RECORD = f"{FULL_NAME}-webhook"


def _rule(group: str, resource: str, verbs: list[str], *names: str) -> dict[str, Any]:
    named = {"resourceNames": list(names)} if names else {}
    return {"apiGroups": [group], "resources": [resource], "verbs": verbs, **named}


def test_by_default_the_rights_are_these(helm4: Helm) -> None:
    """No wildcard, and what belongs to the release by name."""
    objects = helm4.render()

    assert the(objects, "ClusterRole")["rules"] == [
        _rule("", "secrets", _WRITE),
        _rule("", "namespaces", _READ),
        _rule("aws.zakariaamine.com", "awsecrcredentials", _READ),
        _rule("aws.zakariaamine.com", "awsecrcredentials/status", ["patch"]),
        _rule("", "events", ["create", "patch"]),
        _rule(
            "admissionregistration.k8s.io",
            "validatingwebhookconfigurations",
            ["get", *_WRITE],
            CLUSTER_NAME,
        ),
        _rule("rbac.authorization.k8s.io", "clusterroles", ["get"], CLUSTER_NAME),
    ]
    assert the(objects, "Role")["rules"] == [
        _rule("coordination.k8s.io", "leases", ["get", "create", "patch"], FULL_NAME),
        _rule("", "secrets", ["get", *_WRITE], _RECORD),
    ]


def _secret_rules(objects: list[Object]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the rules about Secrets by kind of role and namespace."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for role in of_kind(objects, "ClusterRole") + of_kind(objects, "Role"):
        place = (role["kind"], role["metadata"].get("namespace", ""))
        rules = [rule for rule in role["rules"] if "secrets" in rule["resources"]]
        found.setdefault(place, []).extend(rules)
    return found


_NAMED: Values = {"secretNames": ["ecr-login", "other-login"]}
_PLACED: Values = {"namespaces": ["shop", "blog"]}
_KEYS: Values = {
    "awsAccessSecrets": [
        {"namespace": "default", "name": "aws"},
        {"namespace": "shop", "name": "ecr-login"},
    ]
}
_LOGINS = ("ecr-login", "other-login")

# Where a rule about Secrets is, for each choice of names and namespaces, besides the record's.
_CHOICES = [
    pytest.param(_KEYS, {("ClusterRole", ""): [_rule("", "secrets", _WRITE)]}, id="any"),
    pytest.param(
        {**_KEYS, **_NAMED},
        {
            ("ClusterRole", ""): [_rule("", "secrets", _WRITE, *_LOGINS)],
            ("Role", "default"): [_rule("", "secrets", _READ, "aws")],
        },
        id="names",
    ),
    pytest.param(
        {**_KEYS, **_PLACED},
        {
            ("ClusterRole", ""): [],
            ("Role", "shop"): [_rule("", "secrets", _WRITE)],
            ("Role", "blog"): [_rule("", "secrets", _WRITE)],
            ("Role", "default"): [_rule("", "secrets", _READ, "aws")],
        },
        id="namespaces",
    ),
    pytest.param(
        {**_KEYS, **_PLACED, **_NAMED},
        {
            ("ClusterRole", ""): [],
            ("Role", "shop"): [_rule("", "secrets", _WRITE, *_LOGINS)],
            ("Role", "blog"): [_rule("", "secrets", _WRITE, *_LOGINS)],
            ("Role", "default"): [_rule("", "secrets", _READ, "aws")],
        },
        id="namespaces-and-names",
    ),
    pytest.param(
        {
            **_PLACED,
            **_NAMED,
            "awsAccessSecrets": [
                {"namespace": "shop", "name": "aws"},
                {"namespace": "bank", "name": "ecr-login"},
            ],
        },
        {
            ("ClusterRole", ""): [],
            ("Role", "shop"): [
                _rule("", "secrets", _WRITE, *_LOGINS),
                _rule("", "secrets", _READ, "aws"),
            ],
            ("Role", "blog"): [_rule("", "secrets", _WRITE, *_LOGINS)],
            ("Role", "bank"): [_rule("", "secrets", _READ, "ecr-login")],
        },
        id="keys-of-another-name-or-namespace",
    ),
]


@pytest.mark.parametrize(("rbac", "expected"), _CHOICES)
def test_rights_on_secrets_are_a_choice(
    helm4: Helm, rbac: Values, expected: dict[tuple[str, str], list[Any]]
) -> None:
    """Pull secrets to be written; AWS keys to be read, where no other rule is about them."""
    found = _secret_rules(helm4.render({"rbac": rbac}))

    record = {("Role", NAMESPACE): [_rule("", "secrets", ["get", *_WRITE], _RECORD)]}
    assert found == expected | record


def test_keys_that_credentials_name_may_be_read(helm4: Helm) -> None:
    """Those of the chart, and those that the list of credentials names."""
    values = {
        **VALUES["credentials"],
        "awsAccess": KEYS,
        "rbac": {"secretNames": ["ecr-login"]},
    }

    found = _secret_rules(helm4.render(values))

    assert found["Role", "default"] == [_rule("", "secrets", _READ, "aws-access")]
    own = [_rule("", "secrets", _READ, f"{FULL_NAME}-aws-access")]
    assert found["Role", NAMESPACE][-1:] == own


@pytest.mark.parametrize(
    "rbac",
    [
        pytest.param({"secretNames": ["ecr-login"]}, id="names"),
        pytest.param({"namespaces": ["shop"]}, id="namespaces"),
        pytest.param({"secretNames": ["ecr-login"], "namespaces": ["shop"]}, id="both"),
    ],
)
def test_keys_that_the_chart_makes_may_be_read(helm4: Helm, rbac: Values) -> None:
    """Also while no credential of the chart names them: those of a user will."""
    found = _secret_rules(helm4.render({"awsAccess": KEYS, "rbac": rbac}))

    own = _rule("", "secrets", _READ, f"{FULL_NAME}-aws-access")
    assert own in found["Role", NAMESPACE]


@pytest.mark.parametrize("create", [True, False], ids=["roles-made", "roles-of-others"])
def test_the_operator_is_told_its_namespaces(helm4: Helm, *, create: bool) -> None:
    """It asks for Secrets there only, whoever grants the rights."""
    objects = helm4.render({"rbac": {"namespaces": ["shop", "blog"], "create": create}})

    assert "--namespaces=shop,blog" in container_of(objects)["args"]


def test_without_namespaces_nothing_is_said_of_them(helm4: Helm) -> None:
    """Then it serves all that objects name."""
    arguments = container_of(helm4.render())["args"]

    assert [word for word in arguments if word.startswith("--namespaces")] == []


@pytest.mark.parametrize("name", ["A", "a.b", "a,b", "x" * 64])
def test_what_is_no_namespace_is_refused(helm4: Helm, name: str) -> None:
    """Before a role is made for it."""
    said = helm4.refusal(
        "template", "ecr", str(CHART), values={"rbac": {"namespaces": ["shop", name]}}
    )

    assert "/rbac/namespaces/1" in said


def test_every_role_is_bound_to_the_operator(helm4: Helm) -> None:
    """A role without its binding grants nothing."""
    objects = helm4.render({"rbac": {**_KEYS, **_NAMED, **_PLACED}})
    account = {"kind": "ServiceAccount", "name": FULL_NAME, "namespace": NAMESPACE}

    for kind in ("ClusterRole", "Role"):
        bindings = of_kind(objects, f"{kind}Binding")
        granted = {
            (each["metadata"].get("namespace"), each["roleRef"]["kind"], each["roleRef"]["name"])
            for each in bindings
        }
        assert granted == {
            (each["metadata"].get("namespace"), kind, each["metadata"]["name"])
            for each in of_kind(objects, kind)
        }
        assert all(each["subjects"] == [account] for each in bindings)


def test_the_policy_is_about_this_release(helm4: Helm) -> None:
    """It confines the ServiceAccount that the pods run as."""
    objects = helm4.render({"serviceAccount": {"name": "puller"}})

    confined = Confined(namespace=NAMESPACE, account="puller", record=_RECORD)
    made = the(objects, "ValidatingAdmissionPolicy")
    assert made["spec"] == policy(confined, metadata={})["spec"]
    assert pod_of(objects)["spec"]["serviceAccountName"] == "puller"
    binding = the(objects, "ValidatingAdmissionPolicyBinding")["spec"]
    assert binding == {"policyName": CLUSTER_NAME, "validationActions": ["Deny"]}
