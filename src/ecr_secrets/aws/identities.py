"""Becomes who an identity says: from an AWS identity to the keys that sign a call."""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.session import Session
from botocore.utils import IMDSRegionProvider

from ecr_secrets.aws.calls import counted, translated
from ecr_secrets.aws.sdk import Sdk
from ecr_secrets.core.identity import AccessKeys, Identity
from ecr_secrets.errors import AwsUnavailableError, NoAwsIdentityError

_SESSION_NAME = "kube-ecr-secrets-operator"  # how CloudTrail shows us inside an assumed role
_SPARE = timedelta(minutes=5)  # a session that ends sooner is not used any more

_NO_IDENTITY = (
    "spec.awsAccess is absent and the operator's environment offers no AWS identity; give its "
    "ServiceAccount one (EKS Pod Identity, IRSA), or name a Secret with an access key"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _RoleSession:
    keys: AccessKeys
    ends_at: datetime


class _Ambient:
    """A botocore session whose credential chain is asked by one thread at a time."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._lock = threading.Lock()

    @contextmanager
    def alone(self, seconds: float) -> Iterator[Session]:
        if not self._lock.acquire(timeout=seconds):
            raise AwsUnavailableError("the operator's own AWS identity is not found in time")
        try:
            yield self.session
        finally:
            self._lock.release()


class Identities:
    """Turns identities into keys; for threads, which may call everything here at once.

    Clients are made for one call each: with the models shared that takes 3 ms, against hours
    between two calls, and leaves no key behind in a client.
    """

    def __init__(
        self, sdk: Sdk, *, remaining: Callable[[], float], clock: Callable[[], datetime]
    ) -> None:
        """Set up two sessions: one that knows only the keys it is given, one for our own identity.

        Args:
            remaining: seconds that the calling thread still has.
        """
        self._sdk = sdk
        self._remaining = remaining
        self._clock = clock
        self._session = sdk.new_session(with_profile=False)  # that is about our own identity
        self._session_lock = threading.Lock()  # making a client is not safe among threads
        self._ambient = _Ambient(sdk.new_session(with_profile=True))
        self._roles: dict[Identity, _RoleSession] = {}

    def client(self, service: str, keys: AccessKeys, region: str) -> Any:
        """Make a client; its methods are made at run time, so it has no type."""
        with self._session_lock, self._translated(f"settings for {service}"):
            return self._session.create_client(
                service,
                region_name=region,
                aws_access_key_id=keys.access_key_id,
                aws_secret_access_key=keys.secret_access_key,
                aws_session_token=keys.session_token,
            )

    def keys(self, identity: Identity, region: str) -> AccessKeys:
        """Find the keys that act as the identity.

        Raises:
            OperatorError: there is no such identity, or becoming it was refused.
        """
        if identity.role_arn is None:
            return identity.keys or self._own_keys(region)
        held = self._roles.get(identity)
        if held is None or held.ends_at - self._clock() < _SPARE:
            held = self._assume(identity, identity.role_arn, region)
            self._roles[identity] = held
        return held.keys

    def forget(self, identity: Identity) -> None:
        """Find the keys anew next time: those that were found are of no use."""
        self._roles.pop(identity, None)
        if identity.keys is None:
            self._ambient = _Ambient(self._sdk.new_session(with_profile=True))

    def retain(self, identities: Collection[Identity]) -> None:
        """Drop the sessions of all other identities."""
        for identity in self._roles.keys() - set(identities):
            self._roles.pop(identity, None)

    def ambient_region(self) -> str | None:
        """Name the region of the operator's own environment; None when nothing does."""
        with self._ambient.alone(self._remaining()) as session, self._translated("own region"):
            configured: str | None = session.get_config_variable("region")
            found: str | None = configured or IMDSRegionProvider(session).provide()
        return found

    def _own_keys(self, region: str) -> AccessKeys:
        with (
            self._ambient.alone(self._remaining()) as session,
            self._translated("own identity"),
            _region_for_sts(session, region),
        ):
            credentials = session.get_credentials()
            if credentials is None:
                raise NoAwsIdentityError(_NO_IDENTITY)
            frozen = credentials.get_frozen_credentials()
        if not frozen.access_key or not frozen.secret_key:
            raise NoAwsIdentityError(_NO_IDENTITY)
        return AccessKeys(
            access_key_id=frozen.access_key,
            secret_access_key=frozen.secret_key,
            session_token=frozen.token,
        )

    def _assume(self, identity: Identity, role_arn: str, region: str) -> _RoleSession:
        source = identity.keys or self._own_keys(region)
        asked = {"RoleArn": role_arn, "RoleSessionName": _SESSION_NAME}
        if identity.external_id is not None:
            asked["ExternalId"] = identity.external_id
        client = self.client("sts", source, region)
        with counted("AssumeRole"), self._translated(f"AssumeRole in {region}"):
            return _role_session(client.assume_role(**asked)["Credentials"])

    def _translated(self, what: str) -> AbstractContextManager[None]:
        return translated(what, self._clock)


@contextmanager
def _region_for_sts(session: Session, region: str) -> Iterator[None]:
    """Name a region to ask STS in, where the environment names none, and for this call only.

    What one credential asks for must not become the operator's own region for the others.
    """
    if session.get_config_variable("region") is not None:
        yield
        return
    session.set_config_variable("region", region)
    try:
        yield
    finally:
        session.set_config_variable("region", None)


def _role_session(found: Mapping[str, Any]) -> _RoleSession:
    return _RoleSession(
        keys=AccessKeys(
            access_key_id=found["AccessKeyId"],
            secret_access_key=found["SecretAccessKey"],
            session_token=found["SessionToken"],
        ),
        ends_at=found["Expiration"],
    )
