"""What a pull secret holds: one value for all namespaces of a credential.

The bytes are deterministic, so equal tokens give equal Secrets everywhere: a kubelet that pulled
an image with one of them lets pods of the other namespaces use it without asking the registry.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from ecr_secrets.core.credential import Credential, RegistryRequest
from ecr_secrets.core.hosts import registry_host
from ecr_secrets.core.identity import Identity
from ecr_secrets.core.objects import Manifest, ObjectKey
from ecr_secrets.core.spec import API_VERSION, GROUP, KIND
from ecr_secrets.core.times import format_time
from ecr_secrets.core.token import RegistryToken
from ecr_secrets.errors import InvalidSpecError

SECRET_TYPE = "kubernetes.io/dockerconfigjson"  # noqa: S105 - fixed by Kubernetes, not a password
DATA_KEY = ".dockerconfigjson"  # fixed by Kubernetes for that type
_MAX_DATA = 1024 * 1024  # bytes; Kubernetes' limit for the data of a Secret
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "kube-ecr-secrets-operator"

EXPIRY = "expiry"  # the original operator's annotation, without a prefix
REFRESHED_AT = f"{GROUP}/refreshed-at"
REFRESH_AFTER = f"{GROUP}/refresh-after"
REGISTRIES = f"{GROUP}/registries"
SOURCE = f"{GROUP}/source"
DIGEST = f"{GROUP}/digest"
OVERRULES = f"{GROUP}/overrules"  # only where `settle.overruled` says so; not part of the digest


@dataclass(frozen=True, slots=True, order=True)
class RegistryExpiry:
    """Until when a pull secret opens one registry."""

    host: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The desired content of every pull secret of a credential."""

    docker_config: bytes = field(repr=False)
    registries: tuple[RegistryExpiry, ...]  # ordered by host, never empty
    refreshed_at: datetime  # when the oldest of the tokens was issued
    refresh_after: datetime  # when the first of the tokens turns stale
    source: str  # fingerprint of what the tokens were asked for with, see `source_of`
    # The same for every namespace, so worked out once.
    _annotations: Mapping[str, str] = field(init=False, repr=False, compare=False)
    _data: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out what each pull secret is stamped with."""
        annotations = {
            EXPIRY: format_time(self.expires_at),
            REFRESHED_AT: format_time(self.refreshed_at),
            REFRESH_AFTER: format_time(self.refresh_after),
            REGISTRIES: format_registries(self.registries),
            SOURCE: self.source,
        }
        digest = digest_of(self.docker_config, annotations)
        object.__setattr__(self, "_annotations", {**annotations, DIGEST: digest})
        object.__setattr__(self, "_data", b64encode(self.docker_config).decode())

    @property
    def expires_at(self) -> datetime:
        """When the first of the registries closes."""
        return min(registry.expires_at for registry in self.registries)

    @property
    def digest(self) -> str:
        """Sum of content and annotations; equal for equal pull secrets only."""
        return self._annotations[DIGEST]

    def annotations(self) -> dict[str, str]:
        """Write down what the plan needs to know of a pull secret without reading its tokens."""
        return dict(self._annotations)

    def data(self) -> dict[str, str]:
        """Write down the `data` of the Secret."""
        return {DATA_KEY: self._data}


def format_registries(registries: Iterable[RegistryExpiry]) -> str:
    """Write hosts and expiries as `host=expiry,host=expiry`."""
    return ",".join(f"{entry.host}={format_time(entry.expires_at)}" for entry in registries)


def digest_of(docker_config: bytes, annotations: Mapping[str, str]) -> str:
    """Sum up content and annotations, so that an edit of any of them is noticed."""
    whole = hashlib.sha256(docker_config)
    for name in (EXPIRY, REFRESHED_AT, REFRESH_AFTER, REGISTRIES, SOURCE):
        whole.update(f"\0{name}={annotations.get(name, '')}".encode())
    return whole.hexdigest()


def source_of(identity: Identity, registries: Iterable[RegistryRequest]) -> str:
    """Fingerprint what tokens are asked for with; when it changes, they are asked for anew.

    The secret half of a key does not enter: a key's id changes whenever the key does.
    """
    parts = [
        identity.keys.access_key_id if identity.keys else "",
        identity.role_arn or "",
        identity.external_id or "",
        *(f"{request.region}:{','.join(request.account_ids)}" for request in registries),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def render_content(
    registries: Iterable[RegistryRequest], tokens: Mapping[str, RegistryToken], *, source: str
) -> Content | None:
    """Build the content out of the tokens at hand, by region; None when there are none.

    A region without a token is left out: what that means is for `settle` to judge.

    Raises:
        InvalidSpecError: so many registries do not fit into one Secret.
    """
    auths: dict[str, RegistryToken] = {}
    for request in registries:
        token = tokens.get(request.region or "")
        if token is None:
            continue
        own = (token.host,) if not request.account_ids else ()
        others = (registry_host(account, token.region) for account in request.account_ids)
        auths.update(dict.fromkeys((*own, *others), token))
    if not auths:
        return None
    # Only `auth`: a kubelet reads it alone, and username and password would double the size.
    config = {"auths": {host: {"auth": auths[host].authorization} for host in sorted(auths)}}
    docker_config = msgspec.json.encode(config)
    if len(docker_config) > _MAX_DATA:
        problem = (
            f"{len(auths)} registries need {len(docker_config)} bytes, and a Secret holds 1 MiB"
        )
        raise InvalidSpecError("spec.registries", f"{problem}; spread them over several objects")
    used = auths.values()
    return Content(
        docker_config=docker_config,
        registries=tuple(_expiry(host, auths[host]) for host in sorted(auths)),
        refreshed_at=min(token.issued_at for token in used),
        refresh_after=min(token.stale_at for token in used),
        source=source,
    )


def _expiry(host: str, token: RegistryToken) -> RegistryExpiry:
    """Date a registry in whole seconds, as its annotation will: so the two can be compared."""
    return RegistryExpiry(host, token.expires_at.replace(microsecond=0))


def render_pull_secret(
    target: ObjectKey,
    content: Content,
    credential: Credential,
    *,
    guard: Mapping[str, str],
    overruled: str | None = None,
) -> Manifest:
    """Build the Secret to apply.

    Args:
        target: where it is to stand.
        content: what it is to hold.
        credential: whose it is.
        guard: `uid` and `resourceVersion` the live object must have for the apply to succeed.
        overruled: resource version of a state whose later expiry counts for nothing; None: the
            order of expiries is kept.
    """
    annotations = content.annotations()
    if overruled is not None:
        annotations[OVERRULES] = overruled
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": target.name,
            "namespace": target.namespace,
            **guard,
            "labels": {MANAGED_BY_LABEL: MANAGED_BY},
            "annotations": annotations,
            "ownerReferences": [
                {
                    "apiVersion": API_VERSION,
                    "kind": KIND,
                    "name": credential.name,
                    "uid": credential.uid,
                }
            ],
        },
        "type": SECRET_TYPE,
        "data": content.data(),
    }
