"""The registry token: what ECR's answer must look like to replace one that works."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from ecr_secrets.core.hosts import parse_host
from ecr_secrets.errors import InvalidTokenError

# Tokens live for 12 hours, see GetAuthorizationToken. An hour more allows for a clock that is
# off; whoever claims more is mistaken, and would keep us from looking again.
_LONGEST_LIFE = timedelta(hours=13)
# AWS gives no upper bound and says not to assume one; 2.7 KiB have been seen, more for some kinds
# of sessions. 64 KiB is what we read of an answer, and a Secret holds 1 MiB.
_LONGEST_AUTHORIZATION = 48 * 1024
_JITTER = 0.05  # of the life: spreads the refreshes of tokens that were issued together
_USER = "AWS"  # fixed by ECR, see GetAuthorizationToken
_PREFIX = "the answer of ECR is not a registry token: "


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryToken:
    """What logs in to every registry of a region that the identity may pull from."""

    host: str  # the registry of the identity's own account, without scheme
    region: str
    authorization: str = field(repr=False)  # base64 of `AWS:<password>`, as ECR returned it
    issued_at: datetime
    expires_at: datetime

    @property
    def stale_at(self) -> datetime:
        """From when on the token should be replaced: half of its life, and a jitter.

        The jitter, up to 5 % of the life, depends on host and expiry alone, so that every
        replica and every restart comes to the same instant.
        """
        life = self.expires_at - self.issued_at
        digest = hashlib.sha256(f"{self.host} {self.expires_at.isoformat()}".encode()).digest()
        fraction = int.from_bytes(digest[:4], "big") / 2**32
        return self.issued_at + life * (0.5 + _JITTER * fraction)


def parse_token(answer: Mapping[str, Any], *, region: str, now: datetime) -> RegistryToken:
    """Turn the answer of GetAuthorizationToken into a token, whole or not at all.

    A life beyond 13 hours is cut to that.

    Args:
        answer: as botocore parsed it; nothing about it is taken for granted.
        region: the region that was asked.

    Raises:
        InvalidTokenError: says what is wrong with the answer, without repeating any of it.
    """
    entry = _only_entry(answer)
    return RegistryToken(
        host=_host(entry.get("proxyEndpoint"), region),
        region=region,
        authorization=_authorization(entry.get("authorizationToken")),
        issued_at=now,
        expires_at=_expiry(entry.get("expiresAt"), now),
    )


def _only_entry(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    entries = answer.get("authorizationData")
    if not isinstance(entries, list) or not entries:
        raise InvalidTokenError(f"{_PREFIX}it holds no authorization data")
    if len(entries) > 1:
        raise InvalidTokenError(f"{_PREFIX}it holds {len(entries)} entries instead of one")
    if not isinstance(entries[0], Mapping):
        raise InvalidTokenError(f"{_PREFIX}its entry is not an object")
    return entries[0]


def _authorization(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidTokenError(f"{_PREFIX}it holds no token")
    if len(value) > _LONGEST_AUTHORIZATION:
        raise InvalidTokenError(f"{_PREFIX}a token of {len(value)} characters is too long")
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        # The decoding error holds the text it stumbled over.
        raise InvalidTokenError(f"{_PREFIX}the token is not base64 of text") from None
    user, colon, password = text.partition(":")
    if not colon or user != _USER:
        raise InvalidTokenError(f"{_PREFIX}the token is not for the user {_USER}")
    if not password:
        raise InvalidTokenError(f"{_PREFIX}the password is empty")
    if not password.isprintable() or not password.isascii() or " " in password:
        raise InvalidTokenError(f"{_PREFIX}the password holds characters that no password has")
    return value


def _expiry(value: object, now: datetime) -> datetime:
    expiry = _instant(value)
    if expiry is None:
        raise InvalidTokenError(f"{_PREFIX}its expiry is missing or not an instant")
    if expiry <= now:
        raise InvalidTokenError(f"{_PREFIX}it expired at {expiry.isoformat()}; is our clock right?")
    return min(expiry, now + _LONGEST_LIFE)


def _instant(value: object) -> datetime | None:
    try:
        if isinstance(value, datetime):
            return value.astimezone(UTC) if value.tzinfo is not None else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)  # seconds since 1970, as on the wire
    except (OverflowError, ValueError, OSError):  # not a number, or beyond the years 1 to 9999
        return None
    return None


def _host(value: object, region: str) -> str:
    if not isinstance(value, str):
        raise InvalidTokenError(f"{_PREFIX}it names no registry")
    try:
        url = urlsplit(value)
    except ValueError:  # brackets that do not match
        raise InvalidTokenError(f"{_PREFIX}the registry's address is not a URL") from None
    found = parse_host(url.netloc)
    if value != f"https://{url.netloc}" or found is None:
        raise InvalidTokenError(f"{_PREFIX}the registry's address is not one of ECR")
    if found[1] != region:
        raise InvalidTokenError(f"{_PREFIX}the registry is in {found[1]}, not in {region}")
    return url.netloc
