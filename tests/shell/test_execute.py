"""A plan is carried out in passes; one failing or hanging namespace delays no other."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from ecr_secrets.controller.contests import REST, TIMES, Contests
from ecr_secrets.controller.demand import Demand
from ecr_secrets.controller.execute import Assignment, Executor
from ecr_secrets.controller.retries import FLOOR, Retries
from ecr_secrets.controller.secret_writer import SecretWriter
from ecr_secrets.controller.writers import Writers
from ecr_secrets.core.actions import Action, Delete, Keep, Write
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.core.standing import Outcome
from ecr_secrets.errors import ConflictError, ForbiddenError
from tests.core.builders import NOON, a_content, a_credential, a_pull_secret, a_secret
from tests.fakes.kube import FakeKube
from tests.fakes.virtual_time import run_in_virtual_time

NAMESPACES = ("a", "b", "c")


class Noted:
    """What was written."""

    def __init__(self) -> None:
        self.noted: dict[ObjectKey, PullSecret] = {}

    def note(self, secret: PullSecret) -> None:
        self.noted[secret.key] = secret

    def is_overtaken(self, key: ObjectKey, found: PullSecret | None) -> bool:
        return key in self.noted and self.noted[key] != found


class Works:
    """An executor with its workers, on a fake API server."""

    def __init__(self, kube: FakeKube, *, at_once: int = 16) -> None:
        loop = asyncio.get_running_loop()
        self.again: list[str] = []
        self.noted = Noted()
        self.leading = True
        self.demand = Demand(lambda *_: None)
        self.retries = Retries(clock=loop.time, random=lambda: 0.0)
        self.writers = Writers(at_once=at_once, per_second=0)
        self.executor = Executor(
            writer=SecretWriter(kube, self.noted, self.retries, Contests(clock=loop.time)),
            writers=self.writers,
            pass_length=timedelta(seconds=1),
            look_again=self.again.append,
            may_write=lambda _: self.leading,
            demand=self.demand,
        )

    async def carry_out(
        self,
        *actions: Action,
        first: frozenset[ObjectKey] = frozenset(),
        name: str = "shop-ecr",
    ) -> Outcome:
        return await self.executor.carry_out(
            Assignment(
                credential=a_credential(*NAMESPACES, name=name),
                actions=actions,
                content=a_content(),
                first=first,
                now=NOON,
            )
        )


def _run(
    kube: FakeKube, scenario: Callable[[Works], Awaitable[None]], *, at_once: int = 16
) -> None:
    async def run() -> None:
        works = Works(kube, at_once=at_once)
        work = asyncio.create_task(works.writers.run())
        await scenario(works)
        work.cancel()

    run_in_virtual_time(run())


def _missing(*namespaces: str) -> tuple[Write, ...]:
    return tuple(Write(ObjectKey(name, "ecr-login"), "Missing", None) for name in namespaces)


def _key(namespace: str) -> ObjectKey:
    return ObjectKey(namespace, "ecr-login")


def test_every_target_gets_the_same_content() -> None:
    """Byte for byte, so that a kubelet lets pods of all namespaces share an image."""
    kube = FakeKube()

    async def scenario(works: Works) -> None:
        outcome = await works.carry_out(*_missing(*NAMESPACES))
        assert outcome.written.keys() == {_key(name) for name in NAMESPACES}

    _run(kube, scenario)

    assert {kube.content(name) for name in NAMESPACES} == {a_content().docker_config}


def test_a_failing_namespace_delays_no_other_and_is_told() -> None:
    """The namespaces beside it are served in the same pass."""
    kube = FakeKube()
    kube.refusals["b"] = ForbiddenError("apply secrets b/ecr-login: a quota is reached")

    async def scenario(works: Works) -> None:
        outcome = await works.carry_out(*_missing(*NAMESPACES))
        assert outcome.written.keys() == {_key("a"), _key("c")}
        assert outcome.failures == {_key("b"): kube.refusals["b"]}
        assert works.executor.next_try("shop-ecr", outcome) == FLOOR

    _run(kube, scenario)


def test_a_failing_namespace_is_left_alone_until_its_time_or_a_change() -> None:
    """It is not hammered by every look, and tried at once when something changed there."""
    kube = FakeKube()
    kube.refusals["b"] = ForbiddenError("apply secrets b/ecr-login: a quota is reached")

    async def scenario(works: Works) -> None:
        for _ in range(3):
            outcome = await works.carry_out(*_missing("b"))
        assert kube.writes == [_key("b")]
        assert outcome.failures.keys() == {_key("b")}

        await works.carry_out(*_missing("b"), first=frozenset({_key("b")}))
        assert kube.writes == [_key("b")] * 2

    _run(kube, scenario)


def test_a_hanging_namespace_holds_up_no_pass() -> None:
    """It keeps one of the writers, the pass ends without it, and a look follows at its end."""
    kube = FakeKube()
    kube.hangs["b"] = asyncio.Event()

    async def scenario(works: Works) -> None:
        outcome = await works.carry_out(*_missing(*NAMESPACES))
        assert outcome.written.keys() == {_key("a"), _key("c")}
        assert outcome.postponed == {_key("b")}
        assert works.executor.next_try("shop-ecr", outcome) is None

        again = await works.carry_out(*_missing("b"))
        assert again.postponed == {_key("b")}
        assert kube.writes.count(_key("b")) == 1  # never twice at the same time

        kube.hangs["b"].set()
        await asyncio.sleep(0.1)
        assert works.again == ["shop-ecr"]

    _run(kube, scenario)

    assert _key("b") in kube.secrets


def test_a_straggler_that_came_through_is_not_written_again() -> None:
    """The plan may be older than the end of a write that the pass before had begun."""
    kube = FakeKube()
    kube.hangs["b"] = asyncio.Event()

    async def scenario(works: Works) -> None:
        await works.carry_out(*_missing("a", "b"))
        planned = _missing("b")
        kube.hangs["b"].set()
        await asyncio.sleep(0.1)

        outcome = await works.carry_out(*planned)
        assert outcome.postponed == {_key("b")}
        assert works.executor.next_try("shop-ecr", outcome) == timedelta(0)

    _run(kube, scenario)

    assert kube.writes == [_key("a"), _key("b")]


def test_a_failure_does_not_count_once_somebody_else_put_the_target_right() -> None:
    """Three in a row alarm the user; a target that was right in between begins anew."""
    kube = FakeKube()
    kube.refusals["a"] = ConflictError("apply secrets a/ecr-login: changed meanwhile")

    async def scenario(works: Works) -> None:
        await works.carry_out(*_missing("a"))
        assert works.retries.last("shop-ecr", _key("a"))

        await works.carry_out(Keep(_key("a"), a_pull_secret("a")))
        assert works.retries.last("shop-ecr", _key("a")) is None

    _run(kube, scenario)


def test_a_failure_that_is_remembered_keeps_nothing_else_in_memory() -> None:
    """Its frames know the plan for all namespaces: a thousand failures would keep a thousand."""
    kube = FakeKube()
    refusal = ForbiddenError("apply secrets a/ecr-login: forbidden")
    refusal.__cause__ = ConnectionError()
    kube.refusals["a"] = refusal

    async def scenario(works: Works) -> None:
        await works.carry_out(*_missing("a"))
        failed = works.retries.last("shop-ecr", _key("a"))
        assert failed
        assert failed.error.__traceback__ is None

    _run(kube, scenario)


def test_a_rollout_is_cut_into_passes() -> None:
    """So that a change that comes in meanwhile is looked at after a second at most."""
    kube = FakeKube()
    names = [f"n{number:03}" for number in range(30)]
    for name in names:
        kube.hangs[name] = asyncio.Event()

    async def scenario(works: Works) -> None:
        loop = asyncio.get_running_loop()
        for index, name in enumerate(names):
            loop.call_later(0.1 * (index + 1), kube.hangs[name].set)
        outcome = await works.carry_out(*_missing(*names))
        assert loop.time() == pytest.approx(1.0)
        assert len(outcome.written) in {9, 10}
        assert outcome.postponed == {_key(name) for name in names} - outcome.written.keys()
        assert works.executor.next_try("shop-ecr", outcome) == timedelta(0)

    _run(kube, scenario, at_once=1)


def test_a_creation_does_not_overwrite_what_came_in_between() -> None:
    """A Secret that somebody else made a moment before stays as it is, and nobody is alarmed."""
    kube = FakeKube()
    foreign = {**a_secret("a"), "data": {}}
    kube.secrets[_key("a")] = foreign

    async def scenario(works: Works) -> None:
        outcome = await works.carry_out(*_missing("a"))
        assert outcome.failures == {}
        assert outcome.postponed == {_key("a")}

    _run(kube, scenario)

    assert kube.secrets[_key("a")] == foreign


def test_a_conflict_that_lasts_becomes_the_users_business() -> None:
    """Once is the world moving on; again and again is another writer."""
    kube = FakeKube()
    kube.refusals["a"] = ConflictError("apply secrets a/ecr-login: changed meanwhile")

    async def scenario(works: Works) -> None:
        told = []
        for _ in range(3):
            outcome = await works.carry_out(*_missing("a"), first=frozenset({_key("a")}))
            told.append(bool(outcome.failures))
        assert told == [False, False, True]

    _run(kube, scenario)


def test_a_secret_that_is_gone_already_counts_as_deleted() -> None:
    """What was wanted is so."""
    kube = FakeKube()
    found = a_pull_secret("a")

    async def scenario(works: Works) -> None:
        outcome = await works.carry_out(Delete(_key("a"), found))
        assert outcome.deleted == {_key("a")}

    _run(kube, scenario)


def test_a_bug_in_a_write_reaches_the_worker() -> None:
    """It is not taken for a failure of the cluster."""
    kube = FakeKube()
    kube.bugs["a"] = ZeroDivisionError()

    async def scenario(works: Works) -> None:
        with pytest.raises(ZeroDivisionError):
            await works.carry_out(*_missing("a"))

    _run(kube, scenario)


def test_no_war_is_fought_over_a_pull_secret() -> None:
    """Another tool that keeps deleting it is named, and gets its way for half a minute."""
    kube = FakeKube()

    async def scenario(works: Works) -> None:
        touched = frozenset({_key("a")})
        for _ in range(TIMES + 3):
            kube.secrets.clear()
            works.noted.noted.clear()  # the watch has told of the deletion
            outcome = await works.carry_out(*_missing("a"), first=touched)
        assert len(kube.writes) == TIMES
        assert [error.reason for error in outcome.failures.values()] == ["Contested"]

        await asyncio.sleep(REST.total_seconds())
        works.noted.noted.clear()
        await works.carry_out(*_missing("a"), first=touched)
        assert len(kube.writes) == TIMES + 1

    _run(kube, scenario)


def test_a_few_restorations_are_no_war() -> None:
    """Whoever tries it out by hand sees it come back each time."""
    kube = FakeKube()

    async def scenario(works: Works) -> None:
        for _ in range(TIMES - 1):
            kube.secrets.clear()
            works.noted.noted.clear()  # the watch has told of the deletion
            outcome = await works.carry_out(*_missing("a"), first=frozenset({_key("a")}))
        assert outcome.failures == {}
        assert len(kube.writes) == TIMES - 1

    _run(kube, scenario)


def test_two_that_want_the_same_target_do_not_wait_for_each_other() -> None:
    """The API server lets one of them in; the other sees so in its next look."""
    kube = FakeKube()
    kube.hangs["a"] = asyncio.Event()

    async def scenario(works: Works) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.5, kube.hangs["a"].set)
        one, two = await asyncio.gather(
            works.carry_out(*_missing("a")), works.carry_out(*_missing("a"), name="other")
        )
        assert sorted([one.written.keys(), two.written.keys()], key=len) == [set(), {_key("a")}]
        assert works.executor.next_try("other", two) is not None

    _run(kube, scenario)


def test_a_leader_that_is_none_any_more_writes_nothing() -> None:
    """Its plan is left undone, for the next one to find."""
    kube = FakeKube()

    async def scenario(works: Works) -> None:
        works.leading = False
        outcome = await works.carry_out(*_missing("a"))
        assert outcome.postponed == {_key("a")}

    _run(kube, scenario)

    assert kube.writes == []
