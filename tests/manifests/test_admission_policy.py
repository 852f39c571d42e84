"""What of the policy shows without an API server: its shape, and constants that have to agree."""

import re
from base64 import b64encode
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ecr_secrets.core.fence import MAX_ENTRIES
from ecr_secrets.core.spec import MAX_ACCOUNT_IDS, MAX_REGISTRIES
from manifests.admission_policy import PREFIXES, SUFFIXES
from manifests.install import NAME, NAMESPACE, install
from tests.core.builders import IRELAND, VIRGINIA, a_content, a_token

KINDS = [each["kind"] for each in install()]
POLICY = next(each for each in install() if each["kind"] == "ValidatingAdmissionPolicy")
SPEC: dict[str, Any] = POLICY["spec"]
MESSAGES = [rule["message"] for rule in SPEC["validations"]]


def test_it_comes_before_the_rights() -> None:
    """There is no moment at which the operator has rights and no bounds."""
    order = [
        kind
        for kind in KINDS
        if kind.startswith("ValidatingAdmissionPolicy") or kind.endswith("Binding")
    ]

    assert order[:2] == ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]


def test_it_is_about_all_writes_of_secrets_by_the_operator_and_nothing_else() -> None:
    """Anybody else's request is not even looked at, and a rule that fails lets nothing through."""
    (resources,) = SPEC["matchConstraints"]["resourceRules"]
    (condition,) = SPEC["matchConditions"]

    assert resources == {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "resources": ["secrets"],
        "operations": ["CREATE", "UPDATE", "DELETE"],
        "scope": "*",
    }
    account = f"system:serviceaccount:{NAMESPACE}:{NAME}"
    assert condition["expression"] == f"request.userInfo.username == '{account}'"
    assert SPEC["failurePolicy"] == "Fail"


def test_it_is_bound_to_deny() -> None:
    """In every namespace: the binding selects none."""
    (binding,) = [each for each in install() if each["kind"] == f"{POLICY['kind']}Binding"]

    assert binding["spec"] == {
        "policyName": POLICY["metadata"]["name"],
        "validationActions": ["Deny"],
    }


@pytest.mark.parametrize("message", MESSAGES)
def test_a_refusal_names_the_rule_and_fits_into_a_status(message: str) -> None:
    """The API server puts some 110 characters before it, and 300 are shown."""
    assert re.fullmatch(r"rule [a-z]+: [^A-Z].*[^.]", message)
    assert len(message) <= 150


def test_every_variable_is_used_and_defined_before() -> None:
    """The API server evaluates them in order; one that nobody asks for was forgotten."""
    defined: set[str] = set()
    used: set[str] = set()
    for variable in SPEC["variables"]:
        asked = set(re.findall(r"variables\.(\w+)", variable["expression"]))
        assert asked <= defined
        defined.add(variable["name"])
        used |= asked
    for rule in SPEC["validations"]:
        used |= set(re.findall(r"variables\.(\w+)", rule["expression"]))

    assert used == defined


def test_it_reads_as_many_registries_as_there_can_be() -> None:
    """One more, and the last one would not be looked at."""
    assert MAX_ENTRIES == MAX_REGISTRIES * MAX_ACCOUNT_IDS


@given(
    regions=st.sampled_from([(IRELAND,), (VIRGINIA,), (IRELAND, VIRGINIA)]),
    password=st.text(st.characters(codec="ascii"), min_size=1, max_size=40),
)
def test_every_pull_secret_begins_and_ends_as_the_policy_wants(
    regions: tuple[str, ...], password: str
) -> None:
    """Whatever its length, which decides how the same text looks in base64."""
    content = a_content(*(a_token(region, password=password) for region in regions))

    (data,) = content.data().values()

    assert data.startswith(PREFIXES)
    assert data.endswith(SUFFIXES)


@pytest.mark.parametrize(
    "config",
    [
        "{}",
        '{"auths":{}}',
        '{"auths":null}',
        '{"auths":[]}',
        '{"auths":""}',
        *('{"auths":{"' + "a" * length + '":{}}}' for length in range(4)),
        *('{"auths":{"' + "a" * length + '":{"auth":null}}}' for length in range(4)),
        *('{"auths":{},"' + "a" * length + '":{"auths":{"a":"b"}}}' for length in range(4)),
    ],
)
def test_no_useless_config_does(config: str) -> None:
    """Each is valid JSON, so that the API server itself takes it."""
    yaml.safe_load(config)
    data = b64encode(config.encode()).decode()

    assert not (data.startswith(PREFIXES) and data.endswith(SUFFIXES))
