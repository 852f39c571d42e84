"""Everything that is measured, in one run on one control plane."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bench.calm import idle, weigh
from bench.machine import describe, load_average
from bench.measured import Footprint, Measured, Run
from bench.rounds import play, take_pattern
from bench.site import Site, opened

_STRANGER = 20_000  # bytes of data in a Secret that is not ours
_STARTS = 3  # of the operator, for its memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure."""

    sizes: tuple[int, ...]  # namespaces, ascending
    rounds: int
    unrelated: int  # Secrets that are not ours
    idle: timedelta


async def measure(plan: Plan, tell: Callable[[str], None]) -> Measured:
    """Carry out a plan and tell of its progress."""
    before = load_average()
    async with opened() as site:
        tell("one namespace")
        pattern = await take_pattern(site)
        runs: list[Run] = []
        namespaces: list[str] = []
        for size in plan.sizes:
            tell(f"{size:,} namespaces: creating")
            new = [f"measured-{number:05}" for number in range(len(namespaces), size)]
            await site.cluster.make_namespaces(new)
            namespaces += new
            async for run in play(site, namespaces, pattern, rounds=plan.rounds):
                runs.append(run)
                tell(
                    f"{size:,} namespaces: {run.phase}, {run.who}: {run.time.total_seconds():.2f} s"
                )
        tell(f"memory, with and without {plan.unrelated:,} unrelated Secrets")
        footprints = await _weigh(site, size=plan.sizes[-1], unrelated=plan.unrelated)
        tell(f"idle for {plan.idle.total_seconds():.0f} s")
        rest = await idle(site, size=plan.sizes[-1], time=plan.idle)
        kubernetes = site.control_plane.api_server_version
    return Measured(
        smallest=pattern.runs,
        runs=tuple(runs),
        footprints=footprints,
        idle=rest,
        machine=describe(kubernetes=kubernetes, load=(before, load_average())),
    )


async def _weigh(site: Site, *, size: int, unrelated: int) -> tuple[Footprint, ...]:
    alone = [await weigh(site, size=size, unrelated=0) for _ in range(_STARTS)]
    await site.cluster.make_secrets("default", unrelated, _STRANGER)
    crowded = [await weigh(site, size=size, unrelated=unrelated) for _ in range(_STARTS)]
    return (*alone, *crowded)
