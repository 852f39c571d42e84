"""Rounds in which all cases take turns, so that all meet the same noise.

Odd rounds begin without a webhook and end with the operator's; even ones go the other way round,
down to the order of the cases. What has expired comes last while there is a webhook: it takes its
time to expire, and the connections to the webhook are warm by then.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from bench.admission import expired
from bench.admission.measured import Batch, Case, Load, Rescue
from bench.admission.scene import Scene


@dataclass(frozen=True, slots=True)
class Size:
    """How many pods a batch consists of."""

    load: Load
    pods: int


# As fast as 32 clients can, they wait for the cores of the machine rather than for an answer, and
# it shows what one pod costs all of them; a hundred a second leave the machine room, and it shows
# what a pod waits for.
SIZES = (Size(Load(1), 250), Size(Load(32, 100), 400), Size(Load(32), 800))


async def play(scene: Scene, *, rounds: int) -> AsyncIterator[Batch | Rescue]:
    """Yield what each round measures: every case under every load."""
    await expired.make_namespaces(scene)
    for number in range(rounds):
        if number % 2 == 0:
            async for batch in _without_operator(scene, "no webhook", "bare webhook"):
                yield batch
            await scene.set_up_webhook()
            async for found in _with_operator(scene, "not matching", "fresh"):
                yield found
        else:
            async for found in _with_operator(scene, "fresh", "not matching"):
                yield found
            await scene.take_down_webhook()
            async for batch in _without_operator(scene, "bare webhook", "no webhook"):
                yield batch


async def _without_operator(scene: Scene, *cases: Case) -> AsyncIterator[Batch]:
    for case in cases:
        if case == "bare webhook":
            await scene.set_up_baseline()
        async for batch in _batches(scene, case):
            yield batch
        if case == "bare webhook":
            await scene.take_down_baseline()


async def _with_operator(scene: Scene, *cases: Case) -> AsyncIterator[Batch | Rescue]:
    for case in cases:
        async for batch in _batches(scene, case):
            yield batch
    await expired.let_expire(scene)
    for found in await expired.rescue(scene):
        yield found
    await expired.forget(scene)


async def _batches(scene: Scene, case: Case) -> AsyncIterator[Batch]:
    for size in SIZES:
        yield await scene.measure(case, size.load, size.pods)
