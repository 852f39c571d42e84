"""The Secret named by `spec.awsAccess`: an AWS key, and what people get wrong about it."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ecr_secrets.core.hosts import region_problem
from ecr_secrets.core.identity import AccessKeys
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import InvalidAwsAccessError

KEY_ID = "AWS_ACCESS_KEY_ID"
SECRET_KEY = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - the name of a key, not a secret
SESSION_TOKEN = "AWS_SESSION_TOKEN"  # noqa: S105 - likewise
REGION = "AWS_REGION"

_LARGEST_VALUE = 4096  # bytes; session tokens, the longest, have about 1 KiB

# `AccessKeyId` in the API references of IAM and STS: 16 to 128 word characters.
_KEY_ID = re.compile(r"[A-Za-z0-9_]{16,128}")
_KEY_ID_PREFIXES = ("AKIA", "ASIA")  # long-lived and temporary keys, see IAM identifiers
_TEMPORARY = "ASIA"
# IAM gives neither length nor alphabet of a secret key. All known have 40 characters of base64;
# what is refused here is what cannot be one.
_SECRET_KEY = re.compile(r"[A-Za-z0-9/+=_.-]{16,128}")
_SESSION_TOKEN = re.compile(r"[!-~]{16,}")
_WRAPPED_SECRET_KEY = re.compile(r"[A-Za-z0-9/+]{40}")
_PLACEHOLDER = re.compile(r"<.*>|\$\{.*\}|\{\{.*\}\}|(?i:.*(your[-_ ]|change[-_ ]?me).*|[x*.]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsAccess:
    """An AWS key and the region it is meant for."""

    keys: AccessKeys
    region: str | None  # None: the Secret names none


def parse_aws_access(data: Mapping[str, bytes], *, secret: ObjectKey) -> AwsAccess:
    """Turn the data of a Secret into an AWS access.

    Blanks and newlines around a value are dropped: `echo` and editors add them.

    Args:
        data: decoded from the base64 of the API.
        secret: where the data is from, for the message.

    Raises:
        InvalidAwsAccessError: names the Secret, the key in it and the remedy, never the value.
    """
    values = _Values(data, secret)
    key_id = values.required(KEY_ID)
    _check_key_id(values, key_id)
    secret_key = values.required(SECRET_KEY)
    _check_secret_key(values, secret_key)
    session_token = values.optional(SESSION_TOKEN)
    if session_token is None and key_id.startswith(_TEMPORARY):
        raise values.mistake(
            SESSION_TOKEN,
            f"missing; a temporary key ({_TEMPORARY}...) works only together with the session "
            "token it was issued with",
        )
    if session_token is not None and not _SESSION_TOKEN.fullmatch(session_token):
        raise values.mistake(
            SESSION_TOKEN, "not a session token; copy the value from AWS once more"
        )
    region = values.optional(REGION)
    problem = region_problem(region) if region is not None else None
    if problem is not None:
        raise values.mistake(REGION, problem)
    return AwsAccess(
        keys=AccessKeys(
            access_key_id=key_id, secret_access_key=secret_key, session_token=session_token
        ),
        region=region,
    )


@dataclass(frozen=True, slots=True)
class _Values:
    """The data of the Secret, and how to complain about it."""

    data: Mapping[str, bytes]
    secret: ObjectKey

    def mistake(self, key: str, problem: str) -> InvalidAwsAccessError:
        return InvalidAwsAccessError(f"Secret {self.secret}, key {key}: {problem}")

    def required(self, key: str) -> str:
        value = self.optional(key)
        if value is not None:
            return value
        alike = [name for name in sorted(self.data) if _spelling(name) == _spelling(key)]
        if key not in self.data and alike:
            raise self.mistake(key, f"missing; rename the key {alike[0]}")
        raise self.mistake(key, "empty" if key in self.data else "missing")

    def optional(self, key: str) -> str | None:
        """Read a value; None when it is absent or blank."""
        raw = self.data.get(key, b"")
        if len(raw) > _LARGEST_VALUE:
            raise self.mistake(key, f"{len(raw)} bytes are too many for what belongs here")
        try:
            text = raw.decode("ascii").strip()
        except UnicodeDecodeError:
            # The decoding error holds the bytes it stumbled over.
            raise self.mistake(key, "holds characters that no AWS key has") from None
        return text or None


def _check_key_id(values: _Values, value: str) -> None:
    _check_mistakes(values, KEY_ID, value)
    inner = _unwrapped(value)
    if inner.startswith(_KEY_ID_PREFIXES) and _KEY_ID.fullmatch(inner):
        raise values.mistake(KEY_ID, _ENCODED_TWICE)
    if value.upper().startswith(_KEY_ID_PREFIXES) and value != value.upper():
        raise values.mistake(KEY_ID, "access key ids are written in upper case")
    if not _KEY_ID.fullmatch(value):
        raise values.mistake(
            KEY_ID, "not an access key id (20 letters and digits, such as AKIA...)"
        )


def _check_secret_key(values: _Values, value: str) -> None:
    _check_mistakes(values, SECRET_KEY, value)
    if _WRAPPED_SECRET_KEY.fullmatch(_unwrapped(value)):
        raise values.mistake(SECRET_KEY, _ENCODED_TWICE)
    if value.startswith(_KEY_ID_PREFIXES) and len(value) < 40:
        raise values.mistake(SECRET_KEY, f"holds an access key id; that belongs into {KEY_ID}")
    if not _SECRET_KEY.fullmatch(value):
        raise values.mistake(SECRET_KEY, "not a secret access key (40 characters)")


_ENCODED_TWICE = (
    "base64-encoded twice; put the plain value into stringData, or encode it once into data"
)


def _check_mistakes(values: _Values, key: str, value: str) -> None:
    if value[0] in "\"'" or value[-1] in "\"'":
        raise values.mistake(key, "holds quotation marks; leave them out")
    if _PLACEHOLDER.fullmatch(value):
        raise values.mistake(key, "still the placeholder of an example; put the real value there")


def _unwrapped(value: str) -> str:
    """Decode what may be base64 of another value; empty when it is not."""
    try:
        return base64.b64decode(value, validate=True).decode("ascii").strip()
    except (binascii.Error, ValueError):
        return ""


def _spelling(key: str) -> str:
    return key.lower().replace("-", "_").replace(".", "_")
