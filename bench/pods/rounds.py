"""Rounds in which all ways take turns, each round beginning with another one."""

from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

from bench.pods.measured import Start
from bench.pods.scene import Scene
from bench.pods.ways import WAYS, measure

_WARM_UP = "warm-up"

T = TypeVar("T")


async def play(scene: Scene, *, rounds: int) -> AsyncIterator[Start]:
    """Yield what each round measures, behind one pod that warms up kubectl and the node."""
    await measure(scene, "the operator was down", "the pasted recipe", name=_WARM_UP)
    for number in range(rounds):
        for place, outage in enumerate(WAYS):
            for turn, way in enumerate(rotated(WAYS[outage], number)):
                yield await measure(scene, outage, way, name=f"shop-{number}-{place}-{turn}")


def rotated(items: Sequence[T], by: int) -> list[T]:
    """Return the items in turn, beginning with another one for each `by`."""
    start = by % len(items)
    return [*items[start:], *items[:start]]
