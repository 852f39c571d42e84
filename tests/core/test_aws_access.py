"""The Secret with an AWS key: what is taken, and what is said about what is not."""

import base64

import pytest

from ecr_secrets.core.aws_access import AwsAccess, parse_aws_access
from ecr_secrets.core.identity import AccessKeys
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import InvalidAwsAccessError

SECRET = ObjectKey("default", "aws-access")
KEY_ID = "AKIAIOSFODNN7EXAMPLE"  # the examples of AWS' own documentation
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TEMPORARY_ID = "ASIAIOSFODNN7EXAMPLE"
SESSION_TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE" * 30


def data(**values: str | bytes | None) -> dict[str, bytes]:
    """Build the decoded data of a good Secret, but for some values; None leaves a key out."""
    good: dict[str, str | bytes | None] = {
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": "eu-west-1",
    }
    return {
        key: value.encode() if isinstance(value, str) else value
        for key, value in {**good, **values}.items()
        if value is not None
    }


def access(
    key_id: str = KEY_ID, *, session_token: str | None = None, region: str | None = "eu-west-1"
) -> AwsAccess:
    """Build the access that the good data mean."""
    keys = AccessKeys(
        access_key_id=key_id, secret_access_key=SECRET_KEY, session_token=session_token
    )
    return AwsAccess(keys=keys, region=region)


def twice(value: str) -> str:
    """Encode what the API encodes anyway."""
    return base64.b64encode(value.encode()).decode()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(data(), access(), id="the-original's-three-keys"),
        pytest.param(data(AWS_REGION=None), access(region=None), id="no-region"),
        pytest.param(data(AWS_REGION=" \n"), access(region=None), id="blank-region"),
        pytest.param(
            data(
                AWS_ACCESS_KEY_ID=f"{KEY_ID}\n",
                AWS_SECRET_ACCESS_KEY=f" {SECRET_KEY}\r\n",
                AWS_REGION="\teu-west-1\n",
            ),
            access(),
            id="blanks-and-newlines-around",
        ),
        pytest.param(
            data(AWS_ACCESS_KEY_ID=TEMPORARY_ID, AWS_SESSION_TOKEN=SESSION_TOKEN),
            access(TEMPORARY_ID, session_token=SESSION_TOKEN),
            id="temporary-key",
        ),
        pytest.param(data(AWS_SESSION_TOKEN=""), access(), id="empty-session-token"),
        pytest.param(data(somethingElse=b"\xff"), access(), id="other-keys-are-not-ours"),
        pytest.param(
            data(AWS_ACCESS_KEY_ID="A" * 16), access("A" * 16), id="the-shortest-id-AWS-documents"
        ),
        pytest.param(
            data(AWS_ACCESS_KEY_ID="A" * 128), access("A" * 128), id="the-longest-id-AWS-documents"
        ),
    ],
)
def test_a_good_secret_is_an_access(values: dict[str, bytes], expected: AwsAccess) -> None:
    """The keys of the original, stripped of what echo and editors add, and a session token."""
    assert parse_aws_access(values, secret=SECRET) == expected


NO_ID = "AWS_ACCESS_KEY_ID: not an access key id (20 letters and digits, such as AKIA...)"
ENCODED_TWICE = (
    "base64-encoded twice; put the plain value into stringData, or encode it once into data"
)
QUOTED = "holds quotation marks; leave them out"
PLACEHOLDER = "still the placeholder of an example; put the real value there"


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        pytest.param({}, "AWS_ACCESS_KEY_ID: missing", id="nothing"),
        pytest.param(
            data(AWS_SECRET_ACCESS_KEY=None), "AWS_SECRET_ACCESS_KEY: missing", id="no-secret-key"
        ),
        pytest.param(data(AWS_ACCESS_KEY_ID=" \n"), "AWS_ACCESS_KEY_ID: empty", id="blank"),
        pytest.param(
            data(AWS_ACCESS_KEY_ID=None, aws_access_key_id=KEY_ID),
            "AWS_ACCESS_KEY_ID: missing; rename the key aws_access_key_id",
            id="key-in-lower-case",
        ),
        pytest.param(
            data(AWS_SECRET_ACCESS_KEY=None, **{"aws-secret-access-key": SECRET_KEY}),
            "AWS_SECRET_ACCESS_KEY: missing; rename the key aws-secret-access-key",
            id="key-with-dashes",
        ),
        pytest.param(
            data(AWS_ACCESS_KEY_ID=f'"{KEY_ID}"'), f"AWS_ACCESS_KEY_ID: {QUOTED}", id="quoted-id"
        ),
        pytest.param(
            data(AWS_SECRET_ACCESS_KEY=f"'{SECRET_KEY}'"),
            f"AWS_SECRET_ACCESS_KEY: {QUOTED}",
            id="quoted-secret-key",
        ),
        pytest.param(
            data(AWS_ACCESS_KEY_ID="<your-access-key-id>"),
            f"AWS_ACCESS_KEY_ID: {PLACEHOLDER}",
            id="placeholder",
        ),
        pytest.param(
            data(AWS_SECRET_ACCESS_KEY="XXXXXXXXXXXXXXXXXXXXXXXX"),
            f"AWS_SECRET_ACCESS_KEY: {PLACEHOLDER}",
            id="placeholder-of-x",
        ),
        pytest.param(
            data(AWS_ACCESS_KEY_ID="${AWS_ACCESS_KEY_ID}"),
            f"AWS_ACCESS_KEY_ID: {PLACEHOLDER}",
            id="variable-not-replaced",
        ),
        pytest.param(
            data(AWS_ACCESS_KEY_ID=twice(KEY_ID)),
            f"AWS_ACCESS_KEY_ID: {ENCODED_TWICE}",
            id="id-encoded-twice",
        ),
        pytest.param(
            data(AWS_ACCESS_KEY_ID=twice(f"{KEY_ID}\n")),
            f"AWS_ACCESS_KEY_ID: {ENCODED_TWICE}",
            id="id-encoded-twice-with-newline",
        ),
        pytest.param(
            data(AWS_SECRET_ACCESS_KEY=twice(SECRET_KEY)),
            f"AWS_SECRET_ACCESS_KEY: {ENCODED_TWICE}",
            id="secret-key-encoded-twice",
        ),
        pytest.param(
            data(AWS_ACCESS_KEY_ID=KEY_ID.lower()),
            "AWS_ACCESS_KEY_ID: access key ids are written in upper case",
            id="lower-case-id",
        ),
        pytest.param(data(AWS_ACCESS_KEY_ID="A" * 15), NO_ID, id="id-just-too-short"),
        pytest.param(data(AWS_ACCESS_KEY_ID="A" * 129), NO_ID, id="id-just-too-long"),
        pytest.param(data(AWS_ACCESS_KEY_ID=SECRET_KEY), NO_ID, id="secret-key-for-an-id"),
        pytest.param(
            data(AWS_SECRET_ACCESS_KEY=KEY_ID),
            "AWS_SECRET_ACCESS_KEY: holds an access key id; that belongs into AWS_ACCESS_KEY_ID",
            id="id-for-a-secret-key",
        ),
        pytest.param(
            data(AWS_SECRET_ACCESS_KEY=f"{SECRET_KEY[:20]} {SECRET_KEY[20:]}"),
            "AWS_SECRET_ACCESS_KEY: not a secret access key (40 characters)",
            id="blank-inside",
        ),
        pytest.param(
            data(AWS_SECRET_ACCESS_KEY=b"\xff" + SECRET_KEY.encode()),
            "AWS_SECRET_ACCESS_KEY: holds characters that no AWS key has",
            id="not-text",
        ),
        pytest.param(
            data(AWS_ACCESS_KEY_ID=f"\ufeff{KEY_ID}"),
            "AWS_ACCESS_KEY_ID: holds characters that no AWS key has",
            id="byte-order-mark",
        ),
        pytest.param(
            data(AWS_SECRET_ACCESS_KEY=b" " * 4097),
            "AWS_SECRET_ACCESS_KEY: 4097 bytes are too many for what belongs here",
            id="just-too-large",
        ),
        pytest.param(
            data(AWS_ACCESS_KEY_ID=TEMPORARY_ID),
            "AWS_SESSION_TOKEN: missing; a temporary key (ASIA...) works only together with the "
            "session token it was issued with",
            id="temporary-key-without-session",
        ),
        pytest.param(
            data(AWS_ACCESS_KEY_ID=TEMPORARY_ID, AWS_SESSION_TOKEN=f"{SESSION_TOKEN} x"),
            "AWS_SESSION_TOKEN: not a session token; copy the value from AWS once more",
            id="session-token-with-a-blank",
        ),
        pytest.param(
            data(AWS_REGION="us-east-1a"),
            "AWS_REGION: us-east-1a is an availability zone; the region is us-east-1",
            id="zone-for-a-region",
        ),
        pytest.param(
            data(AWS_REGION=SECRET_KEY),
            "AWS_REGION: not the name of an AWS region such as eu-west-1",
            id="secret-key-for-a-region",
        ),
    ],
)
def test_a_mistake_is_named(values: dict[str, bytes], problem: str) -> None:
    """The message names Secret, key and remedy, and never repeats what may be a secret."""
    with pytest.raises(InvalidAwsAccessError) as raised:
        parse_aws_access(values, secret=SECRET)

    assert str(raised.value) == f"Secret default/aws-access, key {problem}"
    assert raised.value.__context__ is None or raised.value.__suppress_context__


def test_an_access_does_not_show_its_keys() -> None:
    """Whoever prints an access, by mistake or not, prints no secret."""
    shown = repr(access(TEMPORARY_ID, session_token=SESSION_TOKEN))

    assert TEMPORARY_ID not in shown
    assert SECRET_KEY not in shown
    assert SESSION_TOKEN not in shown
