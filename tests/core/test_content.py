"""What is written into pull secrets."""

import json
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta

import pytest

from ecr_secrets.core.content import (
    DATA_KEY,
    DIGEST,
    EXPIRY,
    REFRESH_AFTER,
    REFRESHED_AT,
    REGISTRIES,
    SOURCE,
    RegistryExpiry,
    digest_of,
    render_content,
    render_pull_secret,
    source_of,
)
from ecr_secrets.core.credential import RegistryRequest
from ecr_secrets.core.identity import AccessKeys, Identity
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.times import format_time
from ecr_secrets.errors import InvalidSpecError
from tests.core.builders import (
    ACCOUNT,
    HOUR,
    IRELAND,
    LIFE,
    NOON,
    UID,
    VIRGINIA,
    a_content,
    a_credential,
    a_token,
)

OTHER_ACCOUNT = "444455556666"
HOST = f"{ACCOUNT}.dkr.ecr.{IRELAND}.amazonaws.com"
OTHER_HOST = f"{OTHER_ACCOUNT}.dkr.ecr.{IRELAND}.amazonaws.com"


def test_a_docker_config_opens_each_registry_by_its_bare_host() -> None:
    """Kubelets match `image:` against hosts without scheme, and read `auth` and nothing else."""
    ireland, virginia = a_token(IRELAND), a_token(VIRGINIA, password="another")

    content = a_content(virginia, ireland)

    assert json.loads(content.docker_config) == {
        "auths": {
            HOST: {"auth": ireland.authorization},
            f"{ACCOUNT}.dkr.ecr.{VIRGINIA}.amazonaws.com": {"auth": virginia.authorization},
        }
    }


def test_equal_tokens_give_equal_bytes() -> None:
    """Pods of one namespace may use an image that another one pulled with the same credentials."""
    tokens = {region: a_token(region) for region in (VIRGINIA, IRELAND)}
    requests = [RegistryRequest(region=region) for region in tokens]
    backwards = dict(reversed(tokens.items()))

    one = render_content(requests, tokens, source="s")
    other = render_content(reversed(requests), backwards, source="s")

    assert one == other
    assert one
    assert other
    assert one.docker_config == other.docker_config
    assert one.annotations() == other.annotations()


@pytest.mark.parametrize(
    ("accounts", "hosts"),
    [
        pytest.param((), [HOST], id="its-own"),
        pytest.param((OTHER_ACCOUNT,), [OTHER_HOST], id="another"),
        pytest.param((OTHER_ACCOUNT, ACCOUNT), [HOST, OTHER_HOST], id="both"),
    ],
)
def test_one_token_opens_the_registries_of_the_accounts_asked_for(
    accounts: tuple[str, ...], hosts: list[str]
) -> None:
    """A token is good for every registry in its region that the identity may pull from."""
    request = RegistryRequest(region=IRELAND, account_ids=accounts)

    content = render_content([request], {IRELAND: a_token()}, source="s")

    assert content
    assert content.registries == tuple(RegistryExpiry(host, NOON + LIFE) for host in hosts)
    assert list(json.loads(content.docker_config)["auths"]) == hosts


def test_a_region_without_a_token_is_left_out() -> None:
    """What that means for a pull secret that has one is decided elsewhere."""
    requests = [RegistryRequest(region=IRELAND), RegistryRequest(region=VIRGINIA)]

    partial = render_content(requests, {IRELAND: a_token()}, source="s")

    assert partial == a_content(a_token(), source="s")
    assert render_content(requests, {}, source="s") is None


def test_the_first_token_to_turn_stale_or_expire_decides() -> None:
    """A pull secret is good until the first of its registries closes."""
    old = a_token(IRELAND, issued_at=NOON - 3 * HOUR)
    new = a_token(VIRGINIA)

    content = a_content(new, old)

    assert content.expires_at == old.expires_at
    assert content.refreshed_at == old.issued_at
    assert content.refresh_after == old.stale_at


def test_annotations_say_what_the_plan_needs_without_the_tokens() -> None:
    """The expiry stands where the original operator has it, as RFC 3339."""
    token = a_token()
    content = a_content(token, source="s")

    annotations = content.annotations()

    prefix = "aws.zakariaamine.com"
    expected = {
        "expiry": "2026-11-25T00:00:00Z",
        f"{prefix}/refreshed-at": "2026-11-24T12:00:00Z",
        f"{prefix}/refresh-after": format_time(token.stale_at),
        f"{prefix}/registries": f"{HOST}=2026-11-25T00:00:00Z",
        f"{prefix}/source": "s",
    }
    assert annotations == {
        **expected,
        f"{prefix}/digest": digest_of(content.docker_config, expected),
    }


@pytest.mark.parametrize(
    "changed", [EXPIRY, REFRESHED_AT, REFRESH_AFTER, REGISTRIES, SOURCE, "the data"]
)
def test_the_digest_changes_with_every_part(changed: str) -> None:
    """An edit of the tokens or of one annotation is noticed."""
    content = a_content()
    annotations = content.annotations()

    if changed == "the data":
        digest = digest_of(content.docker_config + b" ", annotations)
    else:
        digest = digest_of(content.docker_config, {**annotations, changed: "edited"})

    assert digest != annotations[DIGEST]


def test_a_pull_secret_is_owned_labelled_and_guarded() -> None:
    """It is collected with its credential, and written only onto the object that was looked at."""
    credential = a_credential("shop")
    content = a_content()
    guard = {"uid": "u", "resourceVersion": "7"}

    manifest = render_pull_secret(ObjectKey("shop", "ecr-login"), content, credential, guard=guard)

    assert manifest == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "ecr-login",
            "namespace": "shop",
            "uid": "u",
            "resourceVersion": "7",
            "labels": {"app.kubernetes.io/managed-by": "kube-ecr-secrets-operator"},
            "annotations": content.annotations(),
            "ownerReferences": [
                {
                    "apiVersion": "aws.zakariaamine.com/v1alpha1",
                    "kind": "AWSECRCredential",
                    "name": "shop-ecr",
                    "uid": UID,
                }
            ],
        },
        "type": "kubernetes.io/dockerconfigjson",
        "data": manifest["data"],
    }
    assert {key: b64decode(value) for key, value in manifest["data"].items()} == {
        DATA_KEY: content.docker_config
    }


def test_what_does_not_fit_into_a_secret_is_a_mistake_of_the_spec() -> None:
    """Kubernetes takes 1 MiB of data; whoever asks for more is told, and what stands is kept."""
    request = RegistryRequest(region=IRELAND)
    empty = render_content([request], {IRELAND: replace(a_token(), authorization="")}, source="s")
    assert empty
    left = 1024 * 1024 - len(empty.docker_config)
    fitting = replace(a_token(), authorization="x" * left)
    larger = replace(a_token(), authorization="x" * (left + 1))

    content = render_content([request], {IRELAND: fitting}, source="s")

    assert content
    assert len(content.docker_config) == 1024 * 1024
    with pytest.raises(InvalidSpecError, match=r"spec\.registries: 1 registries need \d+ bytes"):
        render_content([request], {IRELAND: larger}, source="s")


KEYS = AccessKeys(access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="s" * 40)
ROLE = "arn:aws:iam::111122223333:role/pull"


@pytest.mark.parametrize(
    ("identity", "registries"),
    [
        pytest.param(Identity(), [RegistryRequest(region=IRELAND)], id="no-keys"),
        pytest.param(
            Identity(
                keys=AccessKeys(access_key_id="AKIAI44QH8DHBEXAMPLE", secret_access_key="s" * 40)
            ),
            [RegistryRequest(region=IRELAND)],
            id="another-key",
        ),
        pytest.param(
            Identity(keys=KEYS, role_arn=ROLE), [RegistryRequest(region=IRELAND)], id="a-role"
        ),
        pytest.param(
            Identity(keys=KEYS, external_id=ROLE), [RegistryRequest(region=IRELAND)], id="an-id"
        ),
        pytest.param(Identity(keys=KEYS), [RegistryRequest(region=VIRGINIA)], id="a-region"),
        pytest.param(
            Identity(keys=KEYS),
            [RegistryRequest(region=IRELAND), RegistryRequest(region=VIRGINIA)],
            id="a-region-more",
        ),
        pytest.param(
            Identity(keys=KEYS),
            [RegistryRequest(region=IRELAND, account_ids=(ACCOUNT,))],
            id="an-account",
        ),
    ],
)
def test_the_source_changes_with_what_is_asked_for(
    identity: Identity, registries: list[RegistryRequest]
) -> None:
    """A changed key, role, region or account brings new tokens at once, not hours later."""
    before = source_of(Identity(keys=KEYS), [RegistryRequest(region=IRELAND)])

    assert source_of(identity, registries) != before
    assert source_of(identity, registries) == source_of(identity, registries)


def test_the_source_gives_no_key_away() -> None:
    """It stands in an annotation that many may read, so nothing can be read out of it."""
    source = source_of(Identity(keys=KEYS), [RegistryRequest(region=IRELAND)])

    assert KEYS.access_key_id not in source
    assert len(source) == 32


def test_parts_of_a_second_never_lengthen_a_life() -> None:
    """Whole seconds are written down, and always the earlier one."""
    token = a_token(life=LIFE + timedelta(milliseconds=999))

    assert a_content(token).annotations()[EXPIRY] == "2026-11-25T00:00:00Z"
