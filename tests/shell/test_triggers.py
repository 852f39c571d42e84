"""A change wakes the credentials it concerns, and no others."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ecr_secrets.controller.secret_view import SecretView
from ecr_secrets.controller.triggers import Triggers
from ecr_secrets.controller.world import Namespace
from ecr_secrets.core.access_secret import AccessSecret
from ecr_secrets.core.credential import CredentialObject, parse_credential
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.core.scope import Scope
from tests.core.builders import OTHER_UID, a_credential_manifest, a_pull_secret

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ACCESS = ObjectKey("default", "aws-access")
TARGET = ObjectKey("shop", "ecr-login")


class Watchers:
    """Triggers with two credentials known: one for `shop`, one for `bank` with its own AWS key."""

    def __init__(self) -> None:
        self.woken: list[str] = []
        self.triggers = Triggers(self.woken.append)
        self.listeners = self.triggers.listeners()
        self.put(a_credential_manifest("shop", name="shop-ecr"))
        bank = a_credential_manifest(
            "bank", name="bank-ecr", uid=OTHER_UID, awsAccess={"secretName": "bank-access"}
        )
        self.put(bank)
        self.woken.clear()

    def put(self, after: CredentialObject, before: CredentialObject | None = None) -> None:
        self.listeners.credential(after.metadata.key, before, after)


class _Showing:
    """Informers that show one pull secret."""

    def __init__(self, secret: PullSecret) -> None:
        self._secret = secret

    def find(self, key: ObjectKey) -> PullSecret | None:
        return self.store(key.name).get(key)

    def store(self, key: str) -> Mapping[ObjectKey, PullSecret]:
        return {self._secret.key: self._secret}

    def position(self, key: str) -> str:
        return "1"


OPEN, CLOSING = Namespace(open=True), Namespace(open=False)


def test_a_new_or_changed_credential_is_looked_at() -> None:
    """Whatever the user changes takes effect."""
    watchers = Watchers()
    old, new = a_credential_manifest("shop"), a_credential_manifest("shop", generation=2)

    watchers.put(new, old)

    assert watchers.woken == ["shop-ecr"]


def test_a_status_that_we_wrote_wakes_nobody() -> None:
    """Otherwise each look would cause the next."""
    watchers = Watchers()
    same = a_credential_manifest("shop")

    watchers.put(same, same)

    assert watchers.woken == []


def test_a_credential_that_is_gone_is_looked_at_once_more() -> None:
    """So that what is known of it is dropped; later changes no longer concern it."""
    watchers = Watchers()
    gone = a_credential_manifest("shop", name="shop-ecr")

    watchers.listeners.credential(gone.metadata.key, gone, None)
    watchers.listeners.namespace(ObjectKey("", "shop"), None, OPEN)

    assert watchers.woken == ["shop-ecr"]


@pytest.mark.parametrize(
    ("name", "before", "after", "woken"),
    [
        pytest.param("shop", None, OPEN, ["shop-ecr"], id="created"),
        pytest.param("shop", OPEN, None, ["shop-ecr"], id="deleted"),
        pytest.param("shop", OPEN, CLOSING, ["shop-ecr"], id="ending"),
        pytest.param("shop", OPEN, OPEN, [], id="relabelled"),
        pytest.param("lab", None, OPEN, [], id="not-listed"),
    ],
)
def test_a_namespace_wakes_who_lists_it(
    name: str, before: Namespace | None, after: Namespace | None, woken: list[str]
) -> None:
    """A new namespace is served at once, one that nobody lists costs nothing."""
    watchers = Watchers()

    watchers.listeners.namespace(ObjectKey("", name), before, after)

    assert watchers.woken == woken


def test_a_deleted_pull_secret_is_first_in_the_next_look() -> None:
    """What a pod misses now is not behind a rollout."""
    watchers = Watchers()

    watchers.listeners.pull_secret(TARGET, a_pull_secret("shop"), None)

    assert watchers.woken == ["shop-ecr"]
    assert watchers.triggers.take_first("shop-ecr") == {TARGET}
    assert watchers.triggers.take_first("shop-ecr") == frozenset()


def test_a_leftover_wakes_its_owner() -> None:
    """A pull secret outside the list is still the credential's to remove."""
    watchers = Watchers()
    leftover = a_pull_secret("attic", owner_uid=OTHER_UID)

    watchers.listeners.pull_secret(leftover.key, None, leftover)

    assert watchers.woken == ["bank-ecr"]


def test_a_secret_of_nobody_wakes_nobody() -> None:
    """A namesake in a namespace that is not listed is none of our business."""
    watchers = Watchers()
    stranger = a_pull_secret("attic", owner_uid=None)

    watchers.listeners.pull_secret(stranger.key, None, stranger)

    assert watchers.woken == []


def test_a_changed_aws_access_wakes_who_uses_it() -> None:
    """A new key is used at once; touching the Secret without changing it costs nothing."""
    watchers = Watchers()
    old, new = AccessSecret(ACCESS, {"k": b"1"}), AccessSecret(ACCESS, {"k": b"2"})

    watchers.listeners.access_secret(ACCESS, old, old)
    watchers.listeners.access_secret(ACCESS, old, new)

    assert watchers.woken == ["shop-ecr"]


def test_a_spec_that_cannot_be_understood_is_looked_at_and_no_more() -> None:
    """Its condition says what is wrong; the others go on."""
    watchers = Watchers()
    bad = a_credential_manifest(name="shop-ecr", generation=2, namespaces=[])

    watchers.put(bad, a_credential_manifest("shop", name="shop-ecr"))
    watchers.listeners.pull_secret(TARGET, a_pull_secret("shop"), None)

    assert watchers.woken == ["shop-ecr"]


def test_a_pod_outside_of_the_scope_is_nobodys_business() -> None:
    """Nothing can be done for it, so it is not held up."""
    triggers = Triggers(lambda _: None, scope=Scope(frozenset({"bank"})))
    manifest = a_credential_manifest("shop", "bank", name="ecr")
    triggers.listeners().credential(manifest.metadata.key, None, manifest)

    inside = triggers.managed(ObjectKey("bank", "ecr-login"))

    assert inside == parse_credential(manifest)
    assert triggers.managed(TARGET) is None


def test_of_two_that_ask_for_a_target_the_owner_of_what_is_there_keeps_it() -> None:
    """The other can do nothing about it, so pods would not be helped."""
    triggers = Triggers(lambda _: None)
    for name, uid in (("alpha", "uid-alpha"), ("zeta", "uid-zeta")):
        manifest = a_credential_manifest("shop", name=name, uid=uid)
        triggers.listeners().credential(manifest.metadata.key, None, manifest)

    nothing_there = triggers.managed(TARGET)
    theirs = replace(a_pull_secret("shop", owner_uid="uid-zeta"), owner_name="zeta")
    triggers.view = SecretView(_Showing(theirs))
    owned = triggers.managed(TARGET)

    assert nothing_there
    assert owned
    assert (nothing_there.name, owned.name) == ("alpha", "zeta")


def test_a_credential_that_changed_its_name_of_secrets_manages_the_new_one() -> None:
    """Pods that name the old one are no longer its business."""
    watchers = Watchers()
    after = a_credential_manifest("shop", name="shop-ecr", secretName="other")

    watchers.put(after, a_credential_manifest("shop", name="shop-ecr"))

    assert watchers.triggers.managed(TARGET) is None
    assert watchers.triggers.managed(ObjectKey("shop", "other")) == parse_credential(after)
