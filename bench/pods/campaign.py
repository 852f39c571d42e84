"""All that is measured of pods, on a control plane with a node of its own."""

from collections.abc import Callable

from bench.machine import describe, load_average
from bench.pods.measured import PodsMeasured, Start
from bench.pods.rounds import play
from bench.pods.scene import ready


async def measure(rounds: int, tell: Callable[[str], None]) -> PodsMeasured:
    """Play some rounds and tell of the progress."""
    before = load_average()
    starts: list[Start] = []
    tell("pods: starting a control plane and a node")
    async with ready() as scene:
        async for start in play(scene, rounds=rounds):
            starts.append(start)
            took = f"{start.running.total_seconds():.1f} s" if start.running else "not running"
            tell(f"pods: {start.outage}, {start.way}: {took}, {start.refused} refused")
        kubernetes = scene.site.control_plane.api_server_version
    return PodsMeasured(
        starts=tuple(starts),
        machine=describe(kubernetes=kubernetes, load=(before, load_average())),
    )
