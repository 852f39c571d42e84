"""Registry tokens: issued here, and judged here when a registry is shown one."""

import base64
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from testbed.aws.hosts import parse_registry


class Verdict(Enum):
    """What a registry thinks of a password."""

    VALID = "valid"
    EXPIRED = "expired"
    UNKNOWN = "unknown"  # never issued, or revoked
    WRONG_REGION = "wrong region"
    NOT_SHARED = "not shared"  # the registry belongs to an account that does not let it in


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryToken:
    """A password for the registries of one region."""

    password: str = field(repr=False)
    account: str  # of the principal it was issued to
    region: str
    expires_at: datetime

    @property
    def authorization_token(self) -> str:
        """The form ECR answers with."""
        return base64.b64encode(f"AWS:{self.password}".encode()).decode()


@dataclass(slots=True)
class Tokens:
    """All tokens ever issued, and which account's registries are open to whom."""

    lifetime: timedelta = timedelta(hours=12)  # fixed at 12 h by ECR; ours to choose
    password_length: int = 2000  # real ones have 1.9 kB and more, without a promised maximum
    _issued: dict[str, RegistryToken] = field(default_factory=dict, repr=False)
    _shared: set[tuple[str, str | None]] = field(default_factory=set)  # (owner, reader)

    def issue(self, account: str, region: str, *, now: datetime) -> RegistryToken:
        """Issue a new token, different from all others within its first bytes."""
        expires_at = now + self.lifetime
        token = RegistryToken(
            password=_password(self.password_length, expires_at),
            account=account,
            region=region,
            expires_at=expires_at,
        )
        self._issued[token.password] = token
        return token

    def revoke_all(self) -> None:
        """Let every token die before its time."""
        self._issued.clear()

    def share(self, owner: str, *, reader: str | None = None) -> None:
        """Open the registries of an account to another one; None: to everybody."""
        self._shared.add((owner, reader))

    def verdict(self, password: str, host: str, *, now: datetime) -> Verdict:
        """Judge a password shown to the registry of that host."""
        token = self._issued.get(password)
        registry = parse_registry(host)
        if token is None:
            return Verdict.UNKNOWN
        if registry is None or registry[1] != token.region:
            return Verdict.WRONG_REGION
        if token.expires_at <= now:
            return Verdict.EXPIRED
        readers = {("", token.account), (token.account, token.account)}  # "": ECR Public
        owner = registry[0]
        shared = self._shared | readers
        admitted = (owner, token.account) in shared or (owner, None) in shared
        return Verdict.VALID if admitted else Verdict.NOT_SHARED


def _password(length: int, expires_at: datetime) -> str:
    """Make a password in the form of ECR's: base64 of JSON, of about that many characters."""
    payload = secrets.token_urlsafe(24)
    envelope = {
        "payload": payload,
        "datakey": "AQEBAHh",
        "version": "2",
        "type": "DATA_KEY",
        "expiration": int(expires_at.timestamp()),
    }
    missing = max(0, length * 3 // 4 - len(json.dumps(envelope)) + 2)
    envelope["payload"] = payload + secrets.token_urlsafe(missing)[:missing]
    return base64.b64encode(json.dumps(envelope).encode()).decode()
