"""Promise 5: what must not be seen cannot be seen by printing a value."""

from base64 import b64encode

import msgspec
import pytest

from ecr_secrets.core.access_secret import parse_access_secret
from ecr_secrets.core.actions import Write
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.source import resolve_source
from tests.core.builders import (
    PASSWORD,
    a_content,
    a_credential,
    a_pull_secret,
    a_token,
    an_original_secret,
    parsed,
)

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
EXTERNAL_ID = "an-external-id-that-must-not-be-shown"
ENCODED = b64encode(f"AWS:{PASSWORD}".encode()).decode()

ACCESS = parse_access_secret(
    msgspec.json.encode(
        {
            "metadata": {"name": "aws-access", "namespace": "default"},
            "data": {
                name: b64encode(value.encode()).decode()
                for name, value in {
                    "AWS_ACCESS_KEY_ID": KEY_ID,
                    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                    "AWS_REGION": "eu-west-1",
                }.items()
            },
        }
    )
)
CREDENTIAL = a_credential(
    awsAccess={
        "secretName": "aws-access",
        "roleArn": "arn:aws:iam::111122223333:role/pull",
        "externalId": EXTERNAL_ID,
    }
)
FOUND = a_pull_secret()


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(a_token(), id="registry-token"),
        pytest.param(a_content(), id="content"),
        pytest.param(CREDENTIAL, id="credential"),
        pytest.param(ACCESS, id="access-secret"),
        pytest.param(resolve_source(CREDENTIAL, ACCESS, own_region=None), id="source"),
        pytest.param(FOUND, id="pull-secret"),
        pytest.param(parsed(an_original_secret()), id="secret-of-the-original"),
        pytest.param(Write(FOUND.key, "Stale", FOUND), id="action"),
    ],
)
def test_printing_a_value_shows_no_secret(value: object) -> None:
    """A traceback, a log line or a failed assertion may print any of these."""
    shown = f"{value!r} {value}"

    for secret in (PASSWORD, ENCODED, KEY_ID, SECRET_KEY, EXTERNAL_ID):
        assert secret not in shown


def test_what_an_access_secret_holds_is_there_all_the_same() -> None:
    """It is decoded as it came: blanks are for `parse_aws_access` to judge."""
    assert ACCESS.key == ObjectKey("default", "aws-access")
    assert ACCESS.data["AWS_SECRET_ACCESS_KEY"] == SECRET_KEY.encode()


@pytest.mark.parametrize("data", [None, {}])
def test_an_access_secret_may_be_empty(data: dict[str, str] | None) -> None:
    """What is missing in it is said elsewhere."""
    manifest = {"metadata": {"name": "aws-access", "namespace": "default"}, "data": data}

    assert parse_access_secret(msgspec.json.encode(manifest)).data == {}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("%%%secret%%%", id="no-alphabet"),
        pytest.param("secret", id="cut-off"),
        pytest.param("sécret", id="not-ascii"),
    ],
)
def test_an_access_secret_that_is_not_base64_is_refused_without_a_word_of_it(value: str) -> None:
    """The error is logged, so it must not hold what it stumbled over."""
    manifest = {"metadata": {"name": "aws-access"}, "data": {"AWS_SECRET_ACCESS_KEY": value}}

    with pytest.raises(ValueError, match="a value is not base64") as raised:
        parse_access_secret(msgspec.json.encode(manifest))

    assert "cret" not in str(raised.value)
    assert raised.value.__cause__ is None
