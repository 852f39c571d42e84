"""All that is measured of admission, on a control plane of its own."""

from collections.abc import Callable
from statistics import median

from bench.admission.measured import AdmissionMeasured, Batch, Rescue
from bench.admission.rounds import play
from bench.admission.scene import ready
from bench.machine import describe, load_average


async def measure(rounds: int, tell: Callable[[str], None]) -> AdmissionMeasured:
    """Play some rounds and tell of the progress."""
    before = load_average()
    batches: list[Batch] = []
    rescues: list[Rescue] = []
    async with ready() as scene:
        async for found in play(scene, rounds=rounds):
            batch = found.batch if isinstance(found, Rescue) else found
            batches.append(batch)
            if isinstance(found, Rescue):
                rescues.append(found)
            middle = median(batch.milliseconds)
            tell(f"admission: {batch.case}, clients: {batch.load}: median {middle:.2f} ms")
        kubernetes = scene.site.control_plane.api_server_version
    return AdmissionMeasured(
        batches=tuple(batches),
        rescues=tuple(rescues),
        machine=describe(kubernetes=kubernetes, load=(before, load_average())),
    )
