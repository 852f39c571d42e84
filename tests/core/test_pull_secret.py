"""What can be seen of a Secret that stands where a pull secret should."""

from base64 import b64encode
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_secrets.core.content import (
    DATA_KEY,
    DIGEST,
    EXPIRY,
    MANAGED_BY_LABEL,
    REFRESH_AFTER,
    REFRESHED_AT,
    REGISTRIES,
    SOURCE,
    RegistryExpiry,
)
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret, Stamp, parse_pull_secret
from ecr_secrets.core.times import format_time
from tests.core.builders import (
    ACCOUNT,
    IRELAND,
    LIFE,
    NOON,
    UID,
    VIRGINIA,
    a_content,
    a_pull_secret,
    a_secret,
    a_token,
    an_original_secret,
    parsed,
)

HOST = f"{ACCOUNT}.dkr.ecr.{IRELAND}.amazonaws.com"


def test_what_was_written_is_read_back() -> None:
    """A pull secret of ours says all that the plan needs, and its tokens are not kept."""
    content = a_content(a_token(IRELAND), a_token(VIRGINIA))

    assert parsed(a_secret("shop", content)) == PullSecret(
        key=ObjectKey("shop", "ecr-login"),
        uid="uid-of-shop/ecr-login",
        resource_version="7",
        owner_uid=UID,
        owner_name="shop-ecr",
        usable=True,
        labelled=True,
        stamp=Stamp(
            digest=content.annotations()[DIGEST],
            stamped=True,
            intact=True,
            registries=content.registries,
            regions=frozenset({IRELAND, VIRGINIA}),
            expires_at=content.expires_at,
            latest_expiry=format_time(content.expires_at),
            refreshed_at=content.refreshed_at,
            refresh_after=content.refresh_after.replace(microsecond=0),
            source=content.source,
        ),
    )


def test_a_secret_of_the_original_operator_is_known_as_its_credentials() -> None:
    """Its owner reference is proof enough; what it opens is read from its content."""
    found = parsed(an_original_secret(expires_at=NOON + LIFE))

    assert (found.owner_uid, found.owner_name) == (UID, "shop-ecr")
    assert (found.usable, found.labelled, found.stamp.stamped) == (True, False, False)
    assert found.stamp.expires_at == NOON + LIFE
    assert found.stamp.registries == (RegistryExpiry(HOST, NOON + LIFE),)
    assert found.stamp.source is None


@pytest.mark.parametrize(
    ("references", "owner"),
    [
        pytest.param(None, None, id="none"),
        pytest.param([], None, id="empty"),
        pytest.param(
            [
                {
                    "apiVersion": "aws.zakariaamine.com/v1alpha1",
                    "kind": "AWSECRCredential",
                    "uid": "u",
                }
            ],
            "u",
            id="ours",
        ),
        pytest.param(
            [{"apiVersion": "aws.zakariaamine.com/v1", "kind": "AWSECRCredential", "uid": "u"}],
            "u",
            id="another-version",
        ),
        pytest.param(
            [{"apiVersion": "aws.example.com/v1alpha1", "kind": "AWSECRCredential", "uid": "u"}],
            None,
            id="a-namesake-of-another-group",
        ),
        pytest.param(
            [{"apiVersion": "AWSECRCredential", "kind": "AWSECRCredential", "uid": "u"}],
            None,
            id="a-namesake-of-the-core-group",
        ),
        pytest.param(
            [{"apiVersion": "aws.zakariaamine.com/v1alpha1", "kind": "Other", "uid": "u"}],
            None,
            id="another-kind",
        ),
        pytest.param(
            [
                {"apiVersion": "apps/v1", "kind": "Deployment", "uid": "d"},
                {
                    "apiVersion": "aws.zakariaamine.com/v1alpha1",
                    "kind": "AWSECRCredential",
                    "uid": "u",
                },
            ],
            "u",
            id="second-of-two",
        ),
    ],
)
def test_the_owner_is_a_credential_of_our_group(
    references: list[dict[str, str]] | None, owner: str | None
) -> None:
    """Kinds of other API groups may be called the same; their Secrets are foreign."""
    manifest = a_secret()
    manifest["metadata"]["ownerReferences"] = references

    assert parsed(manifest).owner_uid == owner


@pytest.mark.parametrize(
    "changed",
    [EXPIRY, REFRESHED_AT, REFRESH_AFTER, REGISTRIES, SOURCE, DIGEST],
)
@pytest.mark.parametrize("value", ["edited", None])
def test_an_edited_annotation_shows(changed: str, value: str | None) -> None:
    """Every annotation the plan rests on is covered, whether it is changed or taken away."""
    assert a_pull_secret(annotations={changed: value}).stamp.intact is False


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(None, id="null"),
        pytest.param({}, id="empty"),
        pytest.param({DATA_KEY: ""}, id="nothing"),
        pytest.param({DATA_KEY: b64encode(b'{"auths":{}}').decode()}, id="no-registries"),
        pytest.param({DATA_KEY: "%%%"}, id="not-base64"),
        pytest.param({DATA_KEY: "é"}, id="not-ascii"),
        pytest.param({"config.json": "e30="}, id="another-key"),
    ],
)
def test_edited_data_show(data: dict[str, str] | None) -> None:
    """Annotations that say all is well do not hide that the token is gone."""
    assert a_pull_secret(data=data).stamp.intact is False


def test_what_others_add_is_no_edit() -> None:
    """Labels and annotations of other tools are none of our business."""
    manifest = a_secret()
    manifest["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] = "x"
    manifest["metadata"]["labels"]["team"] = "shop"

    assert parsed(manifest) == parsed(a_secret())


@pytest.mark.parametrize(
    ("fields", "usable"),
    [
        pytest.param({}, True, id="ours"),
        pytest.param({"immutable": False}, True, id="mutable"),
        pytest.param({"immutable": True}, False, id="immutable"),
        pytest.param({"type": "Opaque"}, False, id="opaque"),
        pytest.param({"type": "kubernetes.io/dockercfg"}, False, id="the-older-type"),
    ],
)
def test_some_secrets_cannot_be_written(fields: dict[str, Any], usable: bool) -> None:
    """Kubernetes changes neither the type of a Secret nor an immutable one."""
    assert a_pull_secret(**fields).usable is usable


@pytest.mark.parametrize(
    ("labels", "labelled"),
    [
        pytest.param({MANAGED_BY_LABEL: "kube-ecr-secrets-operator"}, True, id="ours"),
        pytest.param({MANAGED_BY_LABEL: "Helm"}, False, id="of-another"),
        pytest.param({}, False, id="empty"),
        pytest.param(None, False, id="null"),
    ],
)
def test_the_label_is_seen(labels: dict[str, str] | None, labelled: bool) -> None:
    """It is what others find our pull secrets by."""
    manifest = a_secret()
    manifest["metadata"]["labels"] = labels

    assert parsed(manifest).labelled is labelled


def test_equal_pull_secrets_share_what_they_say() -> None:
    """10,000 namespaces with the same content cost little more memory than one."""
    one, other = a_pull_secret("shop"), a_pull_secret("bank")

    assert one.stamp is other.stamp


DEEP = b'{"auths":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}"


@pytest.mark.parametrize(
    ("content", "hosts"),
    [
        pytest.param(b'{"auths":{"b":{},"a":{}}}', ["a", "b"], id="two"),
        pytest.param(b'{"auths":{"a":null}}', ["a"], id="null-entry"),
        pytest.param(b'{"auths":[]}', [], id="a-list"),
        pytest.param(b'{"auths":null}', [], id="null"),
        pytest.param(b"{}", [], id="no-auths"),
        pytest.param(b"", [], id="nothing"),
        pytest.param(b'{"auths":{"\xff":{}}}', [], id="not-utf-8"),
        pytest.param(DEEP, [], id="too-deep"),
    ],
)
def test_content_of_others_is_read_with_care(content: bytes, hosts: list[str]) -> None:
    """Whoever may write Secrets in a namespace can put anything there, and stops nothing by it."""
    manifest = an_original_secret()
    manifest["data"] = {DATA_KEY: b64encode(content).decode()}

    assert [entry.host for entry in parsed(manifest).stamp.registries] == hosts


def test_the_list_of_registries_counts_only_together_with_a_digest() -> None:
    """Without one it may be of anybody, so the content itself is looked at."""
    found = a_pull_secret(
        annotations={DIGEST: None, REGISTRIES: "evil.example=2027-01-01T00:00:00Z"}
    )

    assert [entry.host for entry in found.stamp.registries] == [HOST]


@given(
    annotations=st.dictionaries(
        st.sampled_from([EXPIRY, REFRESHED_AT, REFRESH_AFTER, REGISTRIES, SOURCE, DIGEST]),
        st.text()
        | st.sampled_from(
            [
                "0001-01-01T00:00:00+23:59",
                "9999-12-31T23:59:59-23:59",
                "2026-11-24T12:00:00",
                "a=b,=,,c=2026-11-24T12:00:00Z",
            ]
        ),
    ),
    data=st.binary() | st.none(),
)
def test_no_annotation_and_no_content_is_too_strange(
    annotations: dict[str, str], data: bytes | None
) -> None:
    """A Secret that could not be read would look absent, and could never be restored."""
    manifest = a_secret()
    manifest["metadata"]["annotations"] |= annotations
    manifest["data"] = {DATA_KEY: b64encode(data).decode()} if data is not None else None

    assert parsed(manifest).key == ObjectKey("shop", "ecr-login")


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{}", b'{"metadata":{}}', b'{"metadata":1}'])
def test_what_is_no_secret_is_not_read(manifest: bytes) -> None:
    """It is left out by the watch, and hurts nothing else."""
    with pytest.raises(msgspec.DecodeError):
        parse_pull_secret(manifest)
