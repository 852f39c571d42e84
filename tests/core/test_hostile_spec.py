"""Specs that no person writes: what is stored in a cluster may still hold them."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_secrets.core.credential import Credential, CredentialObject, parse_credential
from ecr_secrets.core.objects import ObjectMeta
from ecr_secrets.errors import InvalidSpecError

METADATA = ObjectMeta(name="shop-ecr", uid="1", generation=1)
FIELDS = {
    "secretName": "ecr-login",
    "namespaces": ["shop"],
    "awsAccess": {
        "secretName": "key",
        "namespace": "ops",
        "roleArn": "arn:aws:iam::111122223333:role/pull",
        "externalId": "42",
    },
    "registries": [{"region": "eu-west-1", "accountIds": ["111122223333"]}],
}

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**63, max_value=2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.text("abc-.:/019\n", max_size=70),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*FIELDS, "region", "accountIds", "x"]), inner)
    ),
    max_leaves=12,
)


def parse(spec: bytes) -> Credential | InvalidSpecError:
    """Parse a spec; anything but these two outcomes fails the test."""
    try:
        return parse_credential(CredentialObject(metadata=METADATA, spec=msgspec.Raw(spec)))
    except InvalidSpecError as error:
        return error


@given(spec=anything)
def test_any_json_ends_well(spec: Any) -> None:
    """Whatever JSON stands under `spec`, it is a credential or a named mistake."""
    assert isinstance(parse(msgspec.json.encode(spec)), Credential | InvalidSpecError)


@given(path=st.sampled_from([*FIELDS, "awsAccess.roleArn", "registries.region"]), value=anything)
def test_any_value_of_any_field_ends_well(path: str, value: Any) -> None:
    """One field gone wrong is told under that field, whatever is in it."""
    spec = msgspec.json.decode(msgspec.json.encode(FIELDS))
    field, _, inner = path.partition(".")
    if not inner:
        spec[field] = value
    elif field == "registries":
        spec[field][0][inner] = value
    else:
        spec[field][inner] = value

    result = parse(msgspec.json.encode(spec))

    if isinstance(result, InvalidSpecError):
        assert result.path.startswith(f"spec.{field}")
        assert len(str(result)) < 500
    else:
        assert result.namespaces
        assert "\n" not in "".join([*result.namespaces, result.secret_name])


@given(spec=st.binary(max_size=60))
def test_any_bytes_end_well(spec: bytes) -> None:
    """Not even JSON is taken for granted."""
    assert isinstance(parse(spec), Credential | InvalidSpecError)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="deep-list"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="deep-object"),
        pytest.param(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="deep-unknown-field"),
        pytest.param(b'{"secretName": NaN}', id="nan"),
        pytest.param(b'{"secretName": 1e999}', id="infinity"),
        pytest.param(b'{"secretName": ' + b"9" * 10_000 + b"}", id="huge-number"),
        pytest.param(b'{"secretName": "\\ud800"}', id="lone-surrogate"),
        pytest.param(b'{"secretName": "\xff"}', id="not-utf-8"),
        pytest.param(b'{"secretName": "a"', id="cut-off"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"null", id="null"),
    ],
)
def test_hostile_json_is_a_mistake_of_the_spec(spec: bytes) -> None:
    """It neither passes nor takes the worker down with it."""
    assert isinstance(parse(spec), InvalidSpecError)
