"""A pull secret as the cluster shows it, without the tokens in it."""

import hashlib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from sys import intern

import msgspec

from ecr_secrets.core.content import (
    DATA_KEY,
    DIGEST,
    EXPIRY,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    REFRESH_AFTER,
    REFRESHED_AT,
    REGISTRIES,
    SECRET_TYPE,
    SOURCE,
    RegistryExpiry,
    digest_of,
)
from ecr_secrets.core.fence import latest_expiry
from ecr_secrets.core.hosts import region_of
from ecr_secrets.core.objects import ObjectKey, ObjectMeta, OwnerReference
from ecr_secrets.core.spec import GROUP, KIND
from ecr_secrets.core.times import parse_time

_READ = (EXPIRY, REFRESHED_AT, REFRESH_AFTER, REGISTRIES, SOURCE, DIGEST)
_REMEMBERED = 256  # stamps


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What a pull secret says of its content; equal in all namespaces of a credential."""

    digest: str  # of what is really there
    stamped: bool  # False: not written by this operator, but by the original or by hand
    intact: bool  # False: edited since it was written
    registries: tuple[RegistryExpiry, ...]
    regions: frozenset[str]  # of the registries
    expires_at: datetime | None  # None: it does not say
    latest_expiry: str  # as the admission policy reads it; "": it does not say
    refreshed_at: datetime | None
    refresh_after: datetime | None
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullSecret:
    """A Secret found where a pull secret stands or should stand."""

    key: ObjectKey
    uid: str
    resource_version: str
    owner_uid: str | None  # None: no `AWSECRCredential` owns it
    owner_name: str | None
    usable: bool  # of our type, and may be changed
    labelled: bool
    stamp: Stamp


class _SecretObject(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    metadata: ObjectMeta
    type: str = "Opaque"
    immutable: bool | None = None
    data: dict[str, str] | None = None


class _DockerConfig(msgspec.Struct, frozen=True):
    auths: dict[str, msgspec.Raw] = {}


_STAMPS: dict[bytes, Stamp] = {}  # by what they were read from, see `_mark`


def parse_pull_secret(manifest: bytes | msgspec.Raw) -> PullSecret:
    """Read a Secret and keep what the plan needs; its data is summed up and dropped.

    Raises:
        msgspec.DecodeError: it is not a Secret.
    """
    secret = msgspec.json.decode(manifest, type=_SecretObject)
    owner = _owner(secret.metadata.owner_references or ())
    labels = secret.metadata.labels or {}
    return PullSecret(
        key=ObjectKey(secret.metadata.namespace, intern(secret.metadata.name)),
        uid=secret.metadata.uid,
        resource_version=secret.metadata.resource_version,
        # The same in thousands of namespaces: one string each is enough.
        owner_uid=intern(owner.uid) if owner else None,
        owner_name=intern(owner.name) if owner else None,
        usable=secret.type == SECRET_TYPE and not secret.immutable,
        labelled=labels.get(MANAGED_BY_LABEL) == MANAGED_BY,
        stamp=_stamp(secret),
    )


def _owner(references: tuple[OwnerReference, ...]) -> OwnerReference | None:
    """Find the credential that owns a Secret; the API group counts, a namesake does not."""
    for reference in references:
        if reference.kind == KIND and reference.api_version.partition("/")[0] == GROUP:
            return reference
    return None


def _stamp(secret: _SecretObject) -> Stamp:
    """Read a stamp once for all namespaces: 10,000 then cost little more than one."""
    annotations = secret.metadata.annotations or {}
    data = (secret.data or {}).get(DATA_KEY, "")
    mark = _mark(data, annotations)
    stamp = _STAMPS.get(mark)
    if stamp is None:
        if len(_STAMPS) >= _REMEMBERED:
            _STAMPS.clear()
        stamp = _STAMPS[mark] = _read_stamp(data, annotations)
    return stamp


def _mark(data: str, annotations: Mapping[str, str]) -> bytes:
    """Sum up all that a stamp is read from, so that nothing secret has to be remembered."""
    parts = (data, [annotations.get(name) for name in _READ])
    return hashlib.sha256(msgspec.json.encode(parts)).digest()


def _read_stamp(data: str, annotations: Mapping[str, str]) -> Stamp:
    try:
        docker_config = b64decode(data, validate=True)
    except ValueError:
        docker_config = b""
    digest = digest_of(docker_config, annotations)
    expires_at = parse_time(annotations.get(EXPIRY))
    stamped = DIGEST in annotations
    declared = annotations.get(REGISTRIES, "")
    registries = _read(declared) if stamped else _found(docker_config, expires_at)
    regions = (region_of(entry.host) for entry in registries)
    return Stamp(
        digest=digest,
        stamped=stamped,
        intact=annotations.get(DIGEST) == digest,
        registries=registries,
        regions=frozenset(region for region in regions if region),
        expires_at=expires_at,
        latest_expiry=latest_expiry(declared),
        refreshed_at=parse_time(annotations.get(REFRESHED_AT)),
        refresh_after=parse_time(annotations.get(REFRESH_AFTER)),
        source=annotations.get(SOURCE),
    )


def _found(docker_config: bytes, expires_at: datetime | None) -> tuple[RegistryExpiry, ...]:
    """Take the hosts from the content: the original operator writes none into annotations."""
    try:
        hosts = sorted(msgspec.json.decode(docker_config, type=_DockerConfig).auths)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ()
    return tuple(RegistryExpiry(host, expires_at) for host in hosts if expires_at is not None)


def _read(text: str) -> tuple[RegistryExpiry, ...]:
    entries = (entry.partition("=") for entry in text.split(",") if entry)
    expiries = ((host, parse_time(expiry)) for host, _, expiry in entries)
    return tuple(RegistryExpiry(host, expiry) for host, expiry in expiries if expiry is not None)
