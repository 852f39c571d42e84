"""The Secret that holds an AWS access, as the watch shows it."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from ecr_secrets.core.objects import ObjectKey, ObjectMeta


@dataclass(frozen=True, slots=True)
class AccessSecret:
    """A Secret's decoded data, kept out of every representation."""

    key: ObjectKey
    data: Mapping[str, bytes] = field(repr=False)


class _SecretObject(msgspec.Struct, frozen=True):
    metadata: ObjectMeta
    data: dict[str, str] | None = None


def parse_access_secret(manifest: bytes | msgspec.Raw) -> AccessSecret:
    """Read a Secret with the AWS keys in it.

    Raises:
        msgspec.DecodeError: it is not a Secret.
        ValueError: a value of it is not base64.
    """
    secret = msgspec.json.decode(manifest, type=_SecretObject)
    try:
        data = {
            name: b64decode(value, validate=True) for name, value in (secret.data or {}).items()
        }
    except ValueError:
        raise ValueError("a value is not base64") from None
    return AccessSecret(secret.metadata.key, data)
