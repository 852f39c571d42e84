"""Who exists: access keys, roles, and the tokens that stand for a workload."""

import base64
import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

ACCOUNT = "111122223333"  # AWS' own example account


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A key pair that signs requests: a user's, or that of a role's session."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    account: str
    session_token: str | None = field(default=None, repr=False)  # None: a user's key
    expires_at: datetime | None = None  # None: lives until it is removed
    role_arn: str | None = None  # None: a user's key

    @property
    def principal(self) -> str:
        """What calls are counted by: the role, or a user's access key id."""
        return self.role_arn or self.access_key_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """An IAM role."""

    arn: str
    external_id: str | None = None  # None: any, or none
    trusts: frozenset[str] = frozenset()  # accounts and principals; empty: everybody

    @property
    def account(self) -> str:
        """The account that the role, and so its sessions, belong to."""
        return self.arn.split(":")[4]

    def admits(self, caller: AccessKey) -> bool:
        """Tell whether the trust policy lets the caller in."""
        return not self.trusts or not self.trusts.isdisjoint({caller.account, caller.principal})


@dataclass(slots=True)
class Iam:
    """All identities of the fake; changed and read on the event loop only."""

    keys: dict[str, AccessKey] = field(default_factory=dict)  # by access key id
    roles: dict[str, Role] = field(default_factory=dict)  # by ARN
    web_identities: dict[str, str] = field(default_factory=dict, repr=False)  # token -> role ARN
    pods: dict[str, str] = field(default_factory=dict, repr=False)  # token -> role ARN
    session_lifetime: timedelta = timedelta(hours=1)  # unless the caller asks for another

    def add_access_key(self, account: str = ACCOUNT) -> AccessKey:
        """Create a user with an access key."""
        key = AccessKey(access_key_id=_key_id("AKIA"), secret_access_key=_secret(), account=account)
        self.keys[key.access_key_id] = key
        return key

    def remove_access_key(self, key: AccessKey | str) -> None:
        """Delete a key, as its user's administrator would."""
        del self.keys[key.access_key_id if isinstance(key, AccessKey) else key]

    def add_role(
        self, arn: str, *, external_id: str | None = None, trusts: Collection[str] = ()
    ) -> Role:
        """Create or replace a role.

        Args:
            trusts: accounts, access key ids or role ARNs that may assume it; none: everybody may.
        """
        role = Role(arn=arn, external_id=external_id, trusts=frozenset(trusts))
        self.roles[arn] = role
        return role

    def add_web_identity(self, role_arn: str) -> str:
        """Make a service account's token that may assume the role (IRSA)."""
        token = _service_account_token("sts.amazonaws.com")
        self.web_identities[token] = role_arn
        return token

    def add_pod(self, role_arn: str) -> str:
        """Make a service account's token that EKS Pod Identity has associated with the role."""
        token = _service_account_token("pods.eks.amazonaws.com")
        self.pods[token] = role_arn
        return token

    def open_session(self, role: Role, *, now: datetime, lifetime: timedelta) -> AccessKey:
        """Issue the temporary keys of a role."""
        key = AccessKey(
            access_key_id=_key_id("ASIA"),
            secret_access_key=_secret(),
            account=role.account,
            session_token="IQoJb3JpZ2luX2Vj" + secrets.token_urlsafe(700),
            expires_at=now + lifetime,
            role_arn=role.arn,
        )
        self.keys[key.access_key_id] = key
        return key


def _key_id(prefix: str) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return prefix + "".join(secrets.choice(letters) for _ in range(16))


def _secret() -> str:
    return base64.b64encode(secrets.token_bytes(30)).decode()


def _service_account_token(audience: str) -> str:
    parts = ({"alg": "RS256", "typ": "JWT"}, {"aud": [audience], "jti": secrets.token_hex(16)})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join(part.rstrip("=") for part in (*encoded, secrets.token_urlsafe(256)))
