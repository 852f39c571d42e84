"""Valid objects for the tests of what is decided; each takes what differs.

Secrets are rendered and parsed by the code itself, so that a test sees what a cluster would show.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from ecr_secrets.core.content import (
    DATA_KEY,
    DIGEST,
    MANAGED_BY_LABEL,
    SECRET_TYPE,
    Content,
    digest_of,
    render_content,
    render_pull_secret,
)
from ecr_secrets.core.credential import (
    Credential,
    CredentialObject,
    RegistryRequest,
    parse_credential,
    read_credential,
)
from ecr_secrets.core.hosts import registry_host
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.plan import Observed
from ecr_secrets.core.pull_secret import PullSecret, parse_pull_secret
from ecr_secrets.core.spec import API_VERSION, KIND
from ecr_secrets.core.token import RegistryToken

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
LIFE = 12 * HOUR  # of a token of ECR

ACCOUNT = "111122223333"
IRELAND, VIRGINIA = "eu-west-1", "us-east-1"
SECRET_NAME = "ecr-login"
UID = "7d1f0f8e-0000-4000-8000-000000000001"  # of the credential
OTHER_UID = "7d1f0f8e-0000-4000-8000-000000000002"
SOURCE = "what-tokens-are-asked-for-with"
PASSWORD = "a-password-that-must-not-be-shown"


def a_credential_manifest(
    *namespaces: str, generation: int = 1, uid: str = UID, name: str = "shop-ecr", **spec: object
) -> CredentialObject:
    """Build an object as the API server sends it; `...` as a field's value leaves it out."""
    fields = {
        "awsAccess": {"secretName": "aws-access"},
        "secretName": SECRET_NAME,
        "namespaces": list(namespaces) or ["shop"],
        **spec,
    }
    manifest = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": name, "uid": uid, "generation": generation, "resourceVersion": "1"},
        "spec": {field: value for field, value in fields.items() if value is not ...},
    }
    return read_credential(msgspec.json.encode(manifest))


def a_credential(*namespaces: str, regions: tuple[str, ...] = (), **differs: Any) -> Credential:
    """Build a credential; without regions it asks for the one of its AWS access."""
    if regions:
        differs["registries"] = [{"region": region} for region in regions]
    return parse_credential(a_credential_manifest(*namespaces, **differs))


def a_token(
    region: str = IRELAND,
    *,
    account: str = ACCOUNT,
    issued_at: datetime = NOON,
    life: timedelta = LIFE,
    password: str = PASSWORD,
) -> RegistryToken:
    """Build a token as ECR issues them."""
    return RegistryToken(
        host=registry_host(account, region),
        region=region,
        authorization=b64encode(f"AWS:{password}".encode()).decode(),
        issued_at=issued_at,
        expires_at=issued_at + life,
    )


def a_content(*tokens: RegistryToken, source: str = SOURCE) -> Content:
    """Build what pull secrets hold with these tokens; without any, with one of noon."""
    tokens = tokens or (a_token(),)
    content = render_content(
        [RegistryRequest(region=token.region) for token in tokens],
        {token.region: token for token in tokens},
        source=source,
    )
    assert content
    return content


def a_secret(
    namespace: str = "shop", content: Content | None = None, *, name: str = SECRET_NAME
) -> dict[str, Any]:
    """Build the Secret that stands in a namespace after a write, to be changed and parsed."""
    target = ObjectKey(namespace, name)
    guard = {"uid": f"uid-of-{target}", "resourceVersion": "7"}
    credential = a_credential(namespace)
    manifest = render_pull_secret(target, content or a_content(), credential, guard=guard)
    return dict(msgspec.json.decode(msgspec.json.encode(manifest)))


def a_pull_secret(
    namespace: str = "shop",
    content: Content | None = None,
    *,
    name: str = SECRET_NAME,
    owner_uid: str | None = UID,
    labelled: bool = True,
    annotations: Mapping[str, str | None] | None = None,
    **fields: object,
) -> PullSecret:
    """Build a pull secret as it is found.

    Args:
        owner_uid: None: nobody owns it.
        annotations: laid over those that were written; None takes one away.
        fields: laid over the fields of the Secret, such as `type` and `immutable`.
    """
    manifest = {**a_secret(namespace, content, name=name), **fields}
    metadata = manifest["metadata"]
    if owner_uid is None:
        del metadata["ownerReferences"]
    else:
        metadata["ownerReferences"][0]["uid"] = owner_uid
    if not labelled:
        del metadata["labels"][MANAGED_BY_LABEL]
    changed = {**metadata["annotations"], **(annotations or {})}
    metadata["annotations"] = {key: value for key, value in changed.items() if value is not None}
    return parsed(manifest)


def a_forged_pull_secret(**annotations: str) -> PullSecret:
    """Build a pull secret whose annotations were changed by someone who knew about the digest."""
    content = a_content()
    changed = {**content.annotations(), **annotations}
    return a_pull_secret(annotations={**changed, DIGEST: digest_of(content.docker_config, changed)})


def an_original_secret(
    namespace: str = "shop",
    *,
    expires_at: datetime = NOON + LIFE,
    host: str = registry_host(ACCOUNT, IRELAND),
    owner: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Build a Secret as the original operator wrote it: no label, and user and password as well."""
    auth = b64encode(f"AWS:{PASSWORD}".encode()).decode()
    entry = {"username": "AWS", "password": PASSWORD, "auth": auth}
    reference = {"apiVersion": API_VERSION, "kind": KIND, "name": "shop-ecr", "uid": UID}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": SECRET_NAME,
            "namespace": namespace,
            "uid": "written-by-the-original",
            "resourceVersion": "5",
            "annotations": {"expiry": expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")},
            "ownerReferences": [{**reference, **(owner or {})}],
        },
        "type": SECRET_TYPE,
        "data": {DATA_KEY: b64encode(msgspec.json.encode({"auths": {host: entry}})).decode()},
    }


def parsed(manifest: Mapping[str, Any]) -> PullSecret:
    """Parse a Secret as the watch does."""
    return parse_pull_secret(msgspec.json.encode(manifest))


def written(namespace: str, content: Content, *, name: str = SECRET_NAME) -> PullSecret:
    """Return what stands in a namespace once a content was written into it."""
    return a_pull_secret(namespace, content, name=name)


def a_world(*secrets: PullSecret, namespaces: tuple[str, ...] = ("shop",)) -> Observed:
    """Build what the cluster shows: namespaces, and the Secrets in them."""
    return Observed(namespaces=namespaces, secrets={secret.key: secret for secret in secrets})
