"""What an informer makes of refusals, of objects it cannot read and of its owner's mistakes."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import (
    ForbiddenError,
    InvalidSpecError,
    UnauthorizedError,
    UnavailableError,
)
from ecr_secrets.metrics import REGISTRY
from tests.fakes.eventually import eventually
from tests.fakes.scripted_watch import (
    QUICK,
    Step,
    Thing,
    a_bookmark,
    an_error,
    an_event,
    an_object,
    decode_thing,
    following,
    listed,
    refused,
    reset,
    silent,
    watched,
)


def counted(metric: str, **labels: str) -> float:
    """Read a counter; one that was never touched is 0."""
    return REGISTRY.get_sample_value(metric, labels) or 0.0


async def test_a_list_comes_in_pages() -> None:
    """A large collection is fetched in pieces, and taken over as a whole."""
    steps = [
        listed(an_object("a", 1), version=10, more="page-2"),
        listed(an_object("b", 2), version=10, more="page-3"),
        listed(an_object("c", 3), version=10),
        silent(),
    ]

    async with following(*steps) as world:
        await world.informer.wait_synced()
        await eventually(lambda: len(world.asked) >= 4)

        assert world.colors == {"a": "red", "b": "red", "c": "red"}
        assert world.asked == ["list", "list page-2", "list page-3", "watch 10"]


async def test_a_list_that_expires_half_way_begins_again() -> None:
    """Pages of two moments are never mixed: what the first try had seen may be gone."""
    steps = [
        listed(an_object("deleted-meanwhile", 1), version=10, more="page-2"),
        refused(410),
        listed(an_object("a", 1), version=20, more="page-2"),
        listed(an_object("b", 2), version=20),
        silent(),
    ]

    async with following(*steps) as world:
        await eventually(lambda: len(world.asked) >= 5)

        assert world.asked == ["list", "list page-2", "list", "list page-2", "watch 20"]
        assert world.changes == [("a", None, "red"), ("b", None, "red")]


async def test_the_position_never_runs_ahead_of_the_store() -> None:
    """Whoever compares versions with the position is not told that half a list is all of it."""
    steps = [
        listed(an_object("a", 1), version=10),
        watched(an_error(410)),
        listed(an_object("a", 19, "blue"), version=20, more="page-2"),
        silent(),
    ]

    async with following(*steps) as world:
        assert world.informer.position == ""
        await eventually(lambda: "list page-2" in world.asked)

        assert world.informer.position == "10"
        assert world.colors == {"a": "red"}


async def test_nothing_is_synced_before_the_last_page() -> None:
    """Whoever waits for the store to be complete is not told so after a part of the list."""
    steps = [listed(an_object("a", 1), version=10, more="page-2"), silent()]

    async with following(*steps) as world:
        await eventually(lambda: len(world.asked) >= 2)

        assert not world.informer.synced
        assert world.changes == []


@pytest.mark.parametrize(
    ("status", "error"),
    [
        pytest.param(401, UnauthorizedError, id="token-not-accepted"),
        pytest.param(403, ForbiddenError, id="rule-missing"),
        pytest.param(500, UnavailableError, id="server-in-trouble"),
    ],
)
async def test_a_refusal_is_remembered_until_it_ends(
    status: int, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever refuses us is tried again until it yields, is said once, and then forgotten."""
    steps = [*[refused(status)] * 60, listed(an_object("a", 1), version=10), silent()]

    async with following(*steps, timing=replace(QUICK, cap=timedelta(milliseconds=5))) as world:
        await eventually(lambda: isinstance(world.informer.last_error, error))
        assert not world.informer.synced
        await eventually(lambda: world.informer.last_error is None)

    assert world.colors == {"a": "red"}
    assert said(caplog) == ["watch interrupted"]


async def test_each_new_trouble_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Trouble of another kind is news, the same again is not."""
    steps = [*[refused(500)] * 3, *[refused(403)] * 3, *[refused(500)] * 3, listed(version=10)]

    async with following(*steps, silent()) as world:
        await eventually(lambda: world.informer.synced)

    assert [getattr(record, "reason", None) for record in caplog.records] == [
        "ApiServerUnavailable",
        "Forbidden",
        "ApiServerUnavailable",
    ]


async def test_what_was_seen_stays_while_the_server_is_away() -> None:
    """A store without news is better than an empty one."""
    steps = [listed(an_object("a", 1), version=10), watched(then=reset), *[refused(403)] * 20]

    async with following(*steps, listed(version=10), silent()) as world:
        await eventually(lambda: isinstance(world.informer.last_error, ForbiddenError))

        assert world.colors == {"a": "red"}
        assert world.informer.synced


@pytest.mark.parametrize(
    "throttled",
    [
        pytest.param(watched(an_error(429, "TooManyRequests", retryAfterSeconds=2)), id="event"),
        pytest.param(refused(429, {"Retry-After": "2"}), id="http"),
    ],
)
async def test_patience_asked_for_is_given(throttled: Step) -> None:
    """A server that asks to be left alone for two seconds is left alone for two seconds."""
    steps = [listed(version=10), throttled, listed(version=10), silent()]

    async with following(*steps, patience=timedelta(seconds=1)) as world:
        await eventually(lambda: len(world.asked) >= 4)

        assert world.asked == ["list", "watch 10", "check", "watch 10"]
        assert world.asked_at[2] - world.asked_at[1] >= 2


@pytest.mark.parametrize(
    "raised",
    [
        pytest.param(msgspec.ValidationError("x"), id="wrong-type"),
        pytest.param(msgspec.DecodeError("x"), id="malformed"),
        pytest.param(InvalidSpecError("spec", "x"), id="one-of-ours"),
        pytest.param(ValueError("x"), id="value"),
        pytest.param(KeyError("x"), id="lookup"),
        pytest.param(TypeError("x"), id="type"),
        pytest.param(AttributeError("x"), id="attribute-of-none"),
        pytest.param(OverflowError("x"), id="number-or-date-out-of-range"),
        pytest.param(RecursionError("x"), id="nested-too-deep"),
    ],
)
async def test_an_undecodable_object_hurts_only_itself(
    raised: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """It is left out, counted and named; nothing of its content is logged; all else goes on."""

    def decode(raw: msgspec.Raw) -> Thing:
        if b"sesame" in bytes(raw):
            raise raised
        return decode_thing(raw)

    steps = [
        listed(an_object("bad", 1, "sesame"), an_object("good", 2), version=10),
        silent(
            an_event("MODIFIED", an_object("bad", 11, "sesame")),
            an_event("MODIFIED", an_object("good", 12, "blue")),
        ),
    ]
    before = counted("ecr_secrets_undecodable_objects_total", resource="namespaces")

    async with following(*steps, decode=decode) as world:
        await eventually(lambda: world.colors == {"good": "blue"})

        assert world.asked == ["list", "watch 10"]
    assert counted("ecr_secrets_undecodable_objects_total", resource="namespaces") == before + 2
    assert {getattr(record, "object", None) for record in caplog.records} == {"bad"}
    assert "sesame" not in "".join(str(vars(record)) for record in caplog.records)


async def test_an_object_that_becomes_undecodable_leaves_the_store() -> None:
    """What it was is no longer true; it comes back with the first state that can be read."""
    steps = [
        listed(an_object("a", 1), version=10),
        silent(
            an_event("MODIFIED", an_object("a", 11, 5)),
            an_event("MODIFIED", an_object("a", 12, 6)),
            an_event("MODIFIED", an_object("a", 13, "blue")),
        ),
    ]

    async with following(*steps) as world:
        await eventually(lambda: len(world.changes) >= 3)

        assert world.changes == [("a", None, "red"), ("a", "red", None), ("a", None, "blue")]


async def test_an_object_without_a_name_is_passed_over() -> None:
    """Not even its key can be read: it is counted, and the watch goes on."""
    steps = [
        listed({"metadata": {}}, an_object("a", 1), version=10),
        silent(
            an_event("ADDED", {}), an_event("DELETED", {}), an_event("ADDED", an_object("b", 11))
        ),
    ]
    before = counted("ecr_secrets_undecodable_objects_total", resource="namespaces")

    async with following(*steps) as world:
        await eventually(lambda: "b" in world.colors)

        assert world.colors == {"a": "red", "b": "red"}
    assert counted("ecr_secrets_undecodable_objects_total", resource="namespaces") == before + 3


async def test_a_bug_in_a_decoder_is_not_blamed_on_the_object() -> None:
    """An exception that no content can cause ends the informer instead of emptying its store."""

    def decode(raw: msgspec.Raw) -> Thing:
        raise NameError("a typing error")

    with pytest.raises(NameError):
        async with following(listed(an_object("a", 1), version=10), decode=decode) as world:
            await eventually(lambda: world.ended)


@pytest.mark.parametrize(
    "bug", [RuntimeError("a bug"), UnavailableError("a bug"), ValueError("a bug")]
)
@pytest.mark.parametrize("moment", ["list", "watch"])
async def test_a_failing_callback_ends_the_informer(bug: Exception, moment: str) -> None:
    """An owner that missed a change must not go on as if it had not, whatever was raised."""

    def on_change(key: ObjectKey, before: Thing | None, after: Thing | None) -> None:
        if key.name == moment:
            raise bug

    steps = [
        listed(an_object("list", 1), version=10),
        silent(an_event("ADDED", an_object("watch", 11))),
    ]

    with pytest.raises(type(bug), match="a bug"):
        async with following(*steps, on_change=on_change) as world:
            await eventually(lambda: world.ended)


async def test_a_change_is_told_when_the_store_shows_it() -> None:
    """A callback that looks into the store sees what it is told."""
    steps = [
        listed(an_object("a", 1), version=10),
        silent(
            an_event("MODIFIED", an_object("a", 11, "blue")),
            an_event("DELETED", an_object("a", 12)),
        ),
    ]

    async with following(*steps) as world:
        await eventually(lambda: len(world.changes) >= 3)

        assert world.stored_at_change == ["red", "blue", None]


async def test_the_store_cannot_be_written_from_outside() -> None:
    """What the watch has seen is changed by the watch alone."""
    async with following(listed(version=10), silent()) as world:
        with pytest.raises(TypeError):
            world.informer.store[ObjectKey("", "a")] = Thing("red")  # type: ignore[index]  # the point


async def test_restarts_are_counted_by_cause() -> None:
    """The metric says how often watches end, and why."""
    causes = {"Ended": 1, "Gone": 1, "ApiServerUnavailable": 2}
    steps = [
        listed(version=10),
        watched(),
        watched(an_error(410)),
        listed(version=10),
        watched(then=reset),
        listed(version=10),
        watched(an_error(500)),
        listed(version=10),
        silent(),
    ]

    def restarts() -> dict[str, float]:
        metric = "ecr_secrets_watch_restarts_total"
        return {cause: counted(metric, resource="namespaces", cause=cause) for cause in causes}

    before = restarts()
    async with following(*steps) as world:
        await eventually(lambda: len(world.asked) >= len(steps))

        assert {cause: restarts()[cause] - before[cause] for cause in causes} == causes


async def test_signs_of_life_are_dated() -> None:
    """Whoever asks can tell how long nothing has been heard."""
    async with following(listed(version=10), silent(a_bookmark(11))) as world:
        assert world.informer.last_progress is None
        await eventually(lambda: len(world.asked) >= 2)
        heard = world.informer.last_progress

        assert heard is not None
        assert 0 <= asyncio.get_running_loop().time() - heard < 10


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings in the log."""
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
