"""The webhook configuration as it is found, and what would make it right."""

import copy
from base64 import b64encode
from typing import Any

import msgspec
import pytest

from ecr_secrets.core.objects import Manifest
from ecr_secrets.core.webhook_configuration import Owner, Registration, render_configuration
from ecr_secrets.webhook.found_configuration import Found, patch_to, patch_with_bundle

NAMESPACE = "operators"
OWNER = {"apiVersion": "v1", "kind": "Namespace", "name": "somebody", "uid": "uid-of-somebody"}


def desired(*, owner_uid: str = "uid-of-role", bundle: bytes = b"PEM") -> Manifest:
    """Render one as it should be."""
    return render_configuration(
        Registration(
            endpoint="https://192.0.2.7:9443",
            ca_bundle=bundle,
            secret_names=frozenset({"ecr-login"}),
            namespace=NAMESPACE,
            owner=Owner(name="role", uid=owner_uid),
        )
    )


def found(manifest: Manifest | None = None, **metadata: Any) -> Found:
    """Find one in the cluster, as it should be unless told otherwise."""
    stored = copy.deepcopy(dict(manifest or desired()))
    stored["metadata"] = {**stored["metadata"], "uid": "u", "resourceVersion": "7", **metadata}
    return msgspec.json.decode(msgspec.json.encode(stored), type=Found)


def with_webhooks(*webhooks: dict[str, Any]) -> Found:
    """Find one with other webhooks."""
    return found({**desired(), "webhooks": list(webhooks)})


(OURS,) = desired()["webhooks"]
OTHER = {**OURS, "name": "other.example.com"}


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        pytest.param(found(), True, id="as-it-should-be"),
        pytest.param(found(labels={"a": "b"}, annotations={"c": "d"}), True, id="marked"),
        pytest.param(
            found(ownerReferences=[OWNER, *desired()["metadata"]["ownerReferences"]]),
            True,
            id="one-owner-more",
        ),
        pytest.param(found(ownerReferences=[OWNER]), False, id="of-somebody-else"),
        pytest.param(with_webhooks(), False, id="no-webhook"),
        pytest.param(with_webhooks(OURS, OTHER), False, id="a-webhook-more"),
        pytest.param(with_webhooks({**OURS, "failurePolicy": "Fail"}), False, id="policy"),
    ],
)
def test_whether_it_is_as_it_should_be(configuration: Found, expected: bool) -> None:
    """What others mark is nobody's business, all else is."""
    assert configuration.is_as_desired(desired()) is expected


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        pytest.param(found(), b"PEM", id="ours"),
        pytest.param(with_webhooks(OTHER, OURS), b"PEM", id="ours-beside-another"),
        pytest.param(with_webhooks(OTHER), None, id="another-only"),
        pytest.param(with_webhooks(), None, id="none"),
        pytest.param(with_webhooks({**OURS, "clientConfig": {"url": "x"}}), b"", id="emptied"),
        pytest.param(
            with_webhooks({**OURS, "clientConfig": {"caBundle": "!"}}), b"", id="unreadable"
        ),
    ],
)
def test_the_bundle_is_that_of_our_webhook(configuration: Found, expected: bytes | None) -> None:
    """Without our webhook nobody asks us, which is no question of trust."""
    assert configuration.bundle() == expected


def test_the_patch_replaces_all_webhooks_and_names_what_it_was_decided_for() -> None:
    """So nothing of what somebody added stays, and nothing newer is overwritten."""
    patch = patch_to(with_webhooks(OURS, OTHER), desired())

    assert patch == {"metadata": {"resourceVersion": "7"}, "webhooks": [OURS]}


def test_an_owner_that_was_made_anew_takes_the_place_of_the_old_one() -> None:
    """Other owners stay, whoever they are."""
    (old,) = desired()["metadata"]["ownerReferences"]
    configuration = found(ownerReferences=[old, OWNER])

    patch = patch_to(configuration, desired(owner_uid="uid-of-new-role"))

    assert patch["metadata"]["ownerReferences"] == [OWNER, {**old, "uid": "uid-of-new-role"}]


def test_the_bundle_can_be_changed_alone() -> None:
    """By a replica that does not lead, which leaves all else as it is."""
    edited = {**OURS, "failurePolicy": "Fail"}

    patch = patch_with_bundle(with_webhooks(OTHER, edited), b"NEW")

    client = {**OURS["clientConfig"], "caBundle": b64encode(b"NEW").decode()}
    assert patch["webhooks"] == [OTHER, {**edited, "clientConfig": client}]
    assert patch["metadata"] == {"resourceVersion": "7"}


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        pytest.param(found(), True, id="of-our-operator"),
        pytest.param(
            with_webhooks({**OURS, "namespaceSelector": {}}), False, id="that-spares-nobody"
        ),
        pytest.param(with_webhooks(), False, id="empty"),
    ],
)
def test_whose_operator_made_it_is_seen_by_the_namespace_it_spares(
    configuration: Found, expected: bool
) -> None:
    """Of two operators in a cluster, one that is switched off leaves the other's alone."""
    assert configuration.spares(NAMESPACE) is expected
    assert not configuration.spares("elsewhere")
