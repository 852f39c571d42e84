"""Every way a watch can end, over a real connection: taken up where it stopped, or listed anew."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from ecr_secrets.kube.resource import SECRETS
from ecr_secrets.kube.selection import Selection
from tests.fakes.eventually import eventually
from tests.fakes.scripted_server import Exchange
from tests.fakes.scripted_watch import (
    QUICK,
    Step,
    Thing,
    a_bookmark,
    an_error,
    an_event,
    an_object,
    cut_off,
    decode_thing,
    drip,
    following,
    listed,
    refused,
    reset,
    silent,
    unanswered,
    watched,
)

A_SEEN = an_event("ADDED", an_object("a", 11))
B_SEEN = an_event("ADDED", an_object("b", 12))
NESTED = b'{"type":"ADDED","object":' + b"[" * 100_000 + b"\n"


async def test_list_then_watch() -> None:
    """The store holds what was listed and what the watch brings, and each change is told once."""
    steps = [
        listed(an_object("a", 1), an_object("b", 2), version=10),
        silent(
            an_event("ADDED", an_object("c", 11)),
            an_event("MODIFIED", an_object("a", 12, "blue")),
            an_event("DELETED", an_object("b", 13)),
        ),
    ]

    async with following(*steps) as world:
        await world.informer.wait_synced()
        await eventually(lambda: len(world.changes) == 5)

        assert world.colors == {"a": "blue", "c": "red"}
        assert world.changes == [
            ("a", None, "red"),
            ("b", None, "red"),
            ("c", None, "red"),
            ("a", "red", "blue"),
            ("b", "red", None),
        ]
        assert world.asked[:2] == ["list", "watch 10"]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(watched(then=reset), id="reset"),
        pytest.param(watched(then=cut_off), id="closed-without-an-end"),
        pytest.param(watched(B_SEEN[:30], then=cut_off), id="cut-off-mid-event"),
        pytest.param(watched(B_SEEN[:30]), id="ended-mid-event"),
        pytest.param(watched(B_SEEN[:30] + b"\n"), id="truncated-json"),
        pytest.param(watched(b"<html>502</html>\n"), id="not-json"),
        pytest.param(watched(b'{"type":"ADDED"}\n'), id="no-object"),
        pytest.param(watched(an_event("NEWS", {})), id="unknown-type"),
        pytest.param(watched(NESTED), id="nested-too-deep"),
        pytest.param(watched(b'{"type":"\xff"}\n'), id="not-utf-8"),
        pytest.param(watched(an_event("BOOKMARK", {})), id="bookmark-without-version"),
        pytest.param(silent(), id="hang"),
        pytest.param(silent(B_SEEN[:30]), id="hang-mid-event"),
        pytest.param(watched(then=drip), id="slow-drip"),
        pytest.param(watched(an_error(500, "InternalError")), id="error-500"),
        pytest.param(watched(an_error(504, "Timeout")), id="error-504"),
        pytest.param(watched(an_error(403, "Forbidden")), id="error-403"),
        pytest.param(watched(an_event("ERROR", {})), id="error-of-no-code"),
    ],
)
async def test_a_broken_watch_is_taken_up_where_it_stopped(broken: Step) -> None:
    """However a watch breaks, the next one begins after the last event, and nothing is listed."""
    steps = [listed(version=10), watched(A_SEEN), broken, listed(version=11), silent(B_SEEN)]

    async with following(*steps, timing=replace(QUICK, idle=timedelta(seconds=0.5))) as world:
        await eventually(lambda: "b" in world.colors)

        assert world.asked[:5] == ["list", "watch 10", "watch 11", "check", "watch 11"]
        assert world.changes == [("a", None, "red"), ("b", None, "red")]


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(refused(500), id="500"),
        pytest.param(refused(403), id="403"),
        pytest.param(refused(404), id="404"),
        pytest.param(unanswered, id="no-answer"),
    ],
)
async def test_a_refused_watch_is_asked_for_again(refusal: Step) -> None:
    """A watch that does not even begin costs no list either."""
    steps = [listed(version=10), refusal, listed(version=10), silent(A_SEEN)]

    async with following(*steps, patience=timedelta(seconds=1)) as world:
        await eventually(lambda: "a" in world.colors)

        assert world.asked[:4] == ["list", "watch 10", "check", "watch 10"]


async def test_a_watch_ended_by_the_server_is_simply_begun_again() -> None:
    """The API server ends every watch after a while; that is no reason to look further."""
    steps = [listed(version=10), watched(A_SEEN), silent(B_SEEN)]

    async with following(*steps) as world:
        await eventually(lambda: "b" in world.colors)

        assert world.asked[:3] == ["list", "watch 10", "watch 11"]
        assert world.informer.last_error is None


async def test_a_bookmark_moves_the_position() -> None:
    """A quiet watch is taken up from its last bookmark, which the server still remembers."""
    steps = [listed(version=10), watched(a_bookmark(500)), silent()]

    async with following(*steps) as world:
        await eventually(lambda: len(world.requests) >= 3)

        assert world.asked[:3] == ["list", "watch 10", "watch 500"]


async def test_a_quiet_watch_with_bookmarks_is_left_alone() -> None:
    """Bookmarks are signs of life: a watch that brings nothing else lasts."""
    long_enough = asyncio.Event()

    async def pulse(exchange: Exchange) -> None:
        for version in range(10, 20):
            await exchange.chunk(a_bookmark(version))
            await asyncio.sleep(0.1)
        long_enough.set()
        await exchange.hang()

    timing = replace(QUICK, idle=timedelta(seconds=0.5))
    async with following(listed(version=10), watched(then=pulse), timing=timing) as world:
        await asyncio.wait_for(long_enough.wait(), 10)

        assert world.asked == ["list", "watch 10"]


async def test_an_idle_watch_without_bookmarks_costs_no_list() -> None:
    """A server that has nothing to say, not even a bookmark, is asked again, but not for all."""
    timing = replace(QUICK, idle=timedelta(seconds=0.05), healthy=timedelta(seconds=0.03))
    quiet = [step for _ in range(6) for step in (silent(), listed(version=10))]

    async with following(listed(version=10), *quiet, timing=timing) as world:
        await eventually(lambda: len(world.requests) > 12)

        assert world.asked[:13] == ["list", *(["watch 10", "check"] * 6)]


@pytest.mark.parametrize(
    "gone",
    [
        pytest.param(watched(an_error(410, "Expired")), id="error-event"),
        pytest.param(refused(410), id="http"),
        pytest.param(watched(a_bookmark(9)), id="bookmark-of-the-past"),
        pytest.param(watched(an_event("MODIFIED", an_object("b", 3, "blue"))), id="event-of-past"),
    ],
)
async def test_a_position_that_is_gone_is_replaced_by_a_list(
    gone: Step, caplog: pytest.LogCaptureFixture
) -> None:
    """What changed in between is told, deletions included; what did not change is not."""
    steps = [
        listed(*[an_object(name, 5) for name in ("kept", "b", "c")], version=10),
        gone,
        listed(an_object("kept", 5), an_object("b", 19, "blue"), an_object("new", 18), version=20),
        silent(),
    ]

    async with following(*steps) as world:
        await eventually(lambda: len(world.requests) >= 4)

        assert world.asked[:4] == ["list", "watch 10", "list", "watch 20"]
        assert world.colors == {"kept": "red", "b": "blue", "new": "red"}
        assert sorted(world.changes[3:], key=lambda change: change[0]) == [
            ("b", "red", "blue"),
            ("c", "red", None),
            ("new", None, "red"),
        ]
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


async def test_a_list_decodes_only_what_is_new() -> None:
    """A list that repeats 10,000 known objects costs no time and memory."""
    decoded: list[bytes] = []

    def decode(raw: msgspec.Raw) -> Thing:
        decoded.append(bytes(raw))
        return decode_thing(raw)

    steps = [
        listed(an_object("kept", 5), version=10),
        watched(an_error(410)),
        listed(an_object("kept", 5), an_object("new", 18), version=20),
        silent(),
    ]

    async with following(*steps, decode=decode) as world:
        await eventually(lambda: "new" in world.colors)

        assert len(decoded) == 2


async def test_a_watch_that_keeps_failing_is_replaced_by_a_list() -> None:
    """A server that has nothing but errors for a position may have more for a list."""
    failing = [watched(an_error(500)), listed(version=10)] * 2 + [watched(an_error(500))]
    steps = [listed(version=10), *failing, listed(an_object("a", 11), version=11), silent()]

    async with following(*steps) as world:
        await eventually(lambda: "a" in world.colors)
        await eventually(lambda: len(world.requests) >= 8)

        assert world.asked[1:8] == [*(["watch 10", "check"] * 2), "watch 10", "list", "watch 11"]


async def test_a_watch_that_breaks_often_but_brings_something_costs_no_list() -> None:
    """Progress is progress, however small the steps; only the check follows each break."""
    breaking = [
        step
        for version in (11, 12, 13, 14, 15)
        for step in (
            watched(a_bookmark(version), an_error(500)),
            listed(version=version),
        )
    ]

    async with following(listed(version=10), *breaking, silent()) as world:
        await eventually(lambda: len(world.asked) >= 12)

        assert world.asked[2::2] == ["check"] * 5
        assert world.asked[1::2] == [f"watch {version}" for version in range(10, 16)]


async def test_a_restored_etcd_is_listed_anew() -> None:
    """After a restore, versions start again from a lower one: nothing about them is trusted."""
    steps = [
        listed(an_object("same-version", 40), an_object("lost", 90), version=100),
        watched(then=reset),
        listed(version=50),
        listed(an_object("same-version", 40, "other content"), version=50),
        silent(an_event("ADDED", an_object("new", 51))),
    ]

    async with following(*steps) as world:
        await eventually(lambda: "new" in world.colors)

        assert world.asked[:5] == ["list", "watch 100", "check", "list", "watch 50"]
        assert world.colors == {"same-version": "other content", "new": "red"}


async def test_repeated_events_do_no_harm() -> None:
    """An event that comes twice is told once, also long after, and costs nothing."""
    events = [A_SEEN, A_SEEN, B_SEEN, A_SEEN, an_event("DELETED", an_object("b", 13))]
    late = an_event("DELETED", an_object("b", 9))
    steps = [listed(version=10), silent(*events, late, an_event("ADDED", an_object("c", 14)))]

    async with following(*steps) as world:
        await eventually(lambda: "c" in world.colors)

        assert world.changes == [
            ("a", None, "red"),
            ("b", None, "red"),
            ("b", "red", None),
            ("c", None, "red"),
        ]
        assert world.asked == ["list", "watch 10"]


async def test_events_out_of_order_end_in_the_truth() -> None:
    """A state of the past never replaces a later one; a list settles it."""
    steps = [
        listed(version=10),
        silent(
            an_event("ADDED", an_object("a", 12, "new")),
            an_event("ADDED", an_object("a", 11, "old")),
        ),
        listed(an_object("a", 12, "new"), version=12),
        silent(),
    ]

    async with following(*steps) as world:
        await eventually(lambda: len(world.requests) >= 4)

        assert world.asked[:4] == ["list", "watch 10", "list", "watch 12"]
        assert world.changes == [("a", None, "new")]


async def test_what_is_asked_for() -> None:
    """The server filters, reports progress by bookmarks and ends the watch at a random time."""
    selection = Selection(
        resource=SECRETS,
        namespace="shop",
        field_selector="metadata.name=ecr-login",
        label_selector="app=web",
        metadata_only=True,
    )

    async with following(listed(version=10), silent(), selection=selection) as world:
        await eventually(lambda: len(world.requests) >= 2)
        asked_list, asked_watch = world.requests[:2]
        seconds = int(asked_watch.query["timeoutSeconds"])
        selectors = {"fieldSelector": "metadata.name=ecr-login", "labelSelector": "app=web"}

        assert asked_list.path == asked_watch.path == "/api/v1/namespaces/shop/secrets"
        assert asked_list.query == {"limit": "500", **selectors}
        assert asked_watch.query == {
            "watch": "true",
            "resourceVersion": "10",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(seconds),
            **selectors,
        }
        assert 240 <= seconds <= 480
        assert "as=PartialObjectMetadata;" in asked_watch.headers["accept"]
