"""Who we are to AWS, as a value that tokens are shared by."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKeys:
    """An AWS key pair, with the session token that belongs to it."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)  # None: a long-lived key


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An AWS identity: equal identities get equal tokens, so they share one."""

    keys: AccessKeys | None = None  # None: the operator's own identity
    role_arn: str | None = None  # None: no role is assumed
    external_id: str | None = field(default=None, repr=False)
