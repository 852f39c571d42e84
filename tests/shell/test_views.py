"""What was written a moment ago is known before the watch tells of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import msgspec
import pytest

from ecr_secrets.controller.secret_view import SecretView
from ecr_secrets.controller.status_writer import StatusWriter
from ecr_secrets.core.credential import CredentialObject
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.core.status import Status, parse_status
from ecr_secrets.errors import ConflictError
from tests.core.builders import a_credential, a_credential_manifest, a_pull_secret
from tests.fakes.kube import FakeKube

KEY = ObjectKey("shop", "ecr-login")
NAMES = ["ecr-login"]


class FakePool:
    """What the informers show, and up to which resource version."""

    def __init__(self) -> None:
        self.secrets: dict[ObjectKey, PullSecret] = {}
        self.version = "10"

    def store(self, key: str) -> Mapping[ObjectKey, PullSecret]:
        return {found: secret for found, secret in self.secrets.items() if found.name == key}

    def find(self, key: ObjectKey) -> PullSecret | None:
        return self.secrets.get(key)

    def position(self, key: str) -> str:
        return self.version


def _at(version: str, namespace: str = "shop") -> PullSecret:
    return replace(a_pull_secret(namespace), resource_version=version)


def test_our_write_is_seen_before_the_watch_tells() -> None:
    """The next look does not take it for missing."""
    view = SecretView(FakePool())

    view.note(_at("20"))

    assert view.of(a_credential("shop"), NAMES) == {KEY: _at("20")}


def test_what_the_watch_tells_later_wins() -> None:
    """A change by somebody else after our write is seen."""
    pool = FakePool()
    view = SecretView(pool)
    view.note(_at("20"))

    pool.secrets[KEY] = _at("21")
    pool.version = "21"

    assert view.of(a_credential("shop"), NAMES) == {KEY: _at("21")}


def test_an_older_view_does_not_hide_our_write() -> None:
    """While a watch is broken, the same is not written again and again."""
    pool = FakePool()
    pool.secrets[KEY] = _at("10")
    view = SecretView(pool)

    view.note(_at("20"))

    assert view.of(a_credential("shop"), NAMES) == {KEY: _at("20")}


def test_a_deletion_that_the_watch_has_seen_counts() -> None:
    """Written, then deleted by somebody: once the watch is past our write, it is gone."""
    pool = FakePool()
    view = SecretView(pool)
    view.note(_at("20"))

    pool.version = "22"

    assert view.of(a_credential("shop"), NAMES) == {}


def test_what_stands_at_one_place_is_our_write_until_the_watch_knows_better() -> None:
    """Pods are answered by it, on replicas that look at nothing as well."""
    pool = FakePool()
    view = SecretView(pool)
    view.note(_at("20"))
    ours = view.find(KEY)

    pool.secrets[KEY], pool.version = _at("21"), "21"
    edited = view.find(KEY)
    del pool.secrets[KEY]
    pool.version = "22"

    assert (ours, edited, view.find(KEY)) == (_at("20"), _at("21"), None)


def test_a_deletion_after_our_write_is_seen_by_who_looks_at_one_place() -> None:
    """The watch has never shown what we wrote."""
    pool = FakePool()
    view = SecretView(pool)
    view.note(_at("20"))

    pool.version = "22"

    assert view.find(KEY) is None


def test_nothing_is_remembered_under_a_name_that_nobody_follows() -> None:
    """Credentials that come and go leave nothing behind."""
    pool = FakePool()
    view = SecretView(pool)
    view.note(_at("20"))
    view.trim()
    kept = view.find(KEY)

    pool.version = ""
    view.trim()

    assert (kept, view.find(KEY)) == (_at("20"), None)


def test_a_watch_event_of_our_own_write_is_recognised() -> None:
    """It wakes nobody."""
    view = SecretView(FakePool())
    view.note(_at("20"))

    assert view.is_our_write(_at("20"))
    assert not view.is_our_write(_at("21"))
    assert not view.is_our_write(_at("20", "bank"))


def test_a_plan_older_than_our_write_is_recognised() -> None:
    """It would be refused by the API server; what the plan did not find counts as well."""
    view = SecretView(FakePool())
    before = (view.is_overtaken(KEY, None), view.is_overtaken(KEY, _at("10")))

    view.note(_at("20"))

    assert before == (False, False)
    assert view.is_overtaken(KEY, None)
    assert view.is_overtaken(KEY, _at("10"))
    assert not view.is_overtaken(KEY, _at("20"))


def test_a_plan_stays_older_than_our_write_when_the_watch_has_shown_it() -> None:
    """A pod was answered meanwhile, and what we wrote is remembered no longer."""
    pool = FakePool()
    view = SecretView(pool)
    view.note(_at("20"))

    pool.secrets[KEY], pool.version = _at("20"), "20"
    view.find(KEY)

    assert view.is_overtaken(KEY, None)
    assert view.is_overtaken(KEY, _at("10"))
    assert not view.is_overtaken(KEY, _at("20"))


def test_only_what_concerns_the_credential_is_shown() -> None:
    """Namesakes elsewhere, owned by others, are none of its business."""
    pool = FakePool()
    stranger = a_pull_secret("attic", owner_uid="somebody")
    leftover = a_pull_secret("cellar")
    pool.secrets = {KEY: _at("10"), stranger.key: stranger, leftover.key: leftover}

    found = SecretView(pool).of(a_credential("shop"), NAMES)

    assert found.keys() == {KEY, leftover.key}


async def _write(kube: FakeKube, writer: StatusWriter, *statuses: Status) -> CredentialObject:
    manifest = a_credential_manifest("shop")
    kube.statuses.setdefault(manifest.metadata.name, {})
    for status in statuses:
        await writer.write(manifest, status)
    return manifest


async def test_a_status_that_says_nothing_new_is_not_written() -> None:
    """A look that finds everything as it was costs no request."""
    kube = FakeKube()
    status = Status(ready_namespaces="1/1")

    manifest = await _write(kube, StatusWriter(kube), status, status, status)

    assert len(kube.writes) == 1
    assert kube.statuses[manifest.metadata.name] == {"readyNamespaces": "1/1"}


async def test_the_newest_status_is_read_whoever_knows_it() -> None:
    """Ours until the watch shows a later one."""
    kube = FakeKube()
    writer = StatusWriter(kube)
    ours = Status(ready_namespaces="1/1")

    manifest = await _write(kube, writer, ours)
    later = msgspec.structs.replace(
        manifest,
        metadata=msgspec.structs.replace(manifest.metadata, resource_version="999"),
        status=msgspec.Raw(b'{"readyNamespaces": "0/1"}'),
    )

    assert writer.read(manifest) == ours
    assert writer.read(later) == Status(ready_namespaces="0/1")


async def test_a_status_decided_for_another_state_is_refused() -> None:
    """A leader that was frozen finds its request answered when another one has told already."""
    kube = FakeKube()
    new, old = StatusWriter(kube), StatusWriter(kube)
    manifest = await _write(kube, new, Status(ready_namespaces="1/1"))

    with pytest.raises(ConflictError):
        await old.write(manifest, Status(ready_namespaces="0/1"))

    assert kube.statuses[manifest.metadata.name] == {"readyNamespaces": "1/1"}


async def test_a_status_that_was_overtaken_is_what_the_watch_shows() -> None:
    """Whatever was written before: a restored cluster may never come to that version again."""
    kube = FakeKube()
    writer = StatusWriter(kube)
    manifest = await _write(kube, writer, Status(ready_namespaces="1/1"))
    await StatusWriter(kube).write_names(manifest, ("ecr-login",))
    with pytest.raises(ConflictError):
        await writer.write(manifest, Status(ready_namespaces="0/1"))

    assert writer.read(manifest) == parse_status(manifest.status)


async def test_a_name_is_noted_beside_what_another_replica_has_written() -> None:
    """Who notes it may not have seen that, and takes nothing of it back."""
    kube = FakeKube()
    manifest = await _write(kube, StatusWriter(kube), Status(ready_namespaces="1/1"))
    behind = StatusWriter(kube)

    await behind.write_names(manifest, ("ecr-login",))

    both = {"readyNamespaces": "1/1", "secretNames": ["ecr-login"]}
    assert kube.statuses[manifest.metadata.name] == both
    assert behind.read(manifest) == Status(ready_namespaces="1/1", secret_names=("ecr-login",))


async def test_the_status_of_an_object_that_is_gone_is_no_failure() -> None:
    """It was deleted while its secrets were written."""
    kube = FakeKube()
    writer = StatusWriter(kube)

    await asyncio.wait_for(
        writer.write(a_credential_manifest("shop"), Status(ready_namespaces="1/1")), 1
    )

    assert kube.statuses == {}
