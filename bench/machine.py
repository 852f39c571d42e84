"""What it is measured on, without anything that tells one such machine from another."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from bench.measured import Machine

_LIBRARIES = ("aiohttp", "msgspec", "uvloop", "botocore")
_KIB_PER_GIB = 1024 * 1024


def load_average() -> float:
    """Return how many programs wanted a core, on average over the last minute."""
    return os.getloadavg()[0]


def describe(*, kubernetes: str, load: tuple[float, float]) -> Machine:
    """Describe the machine.

    Args:
        kubernetes: version of the API server.
        load: average before and after.
    """
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        processor=_field("/proc/cpuinfo", "model name", platform.machine()),
        memory_gib=int(_field("/proc/meminfo", "MemTotal", "0").split()[0]) / _KIB_PER_GIB,
        python=platform.python_version(),
        libraries=", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
        kubernetes=kubernetes,
        load=load,
    )


def _field(path: str, name: str, default: str) -> str:
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return default
