"""What a node could leave behind on a machine."""

import os
import tempfile
from pathlib import Path

from testbed.node.cgroups import leftovers
from testbed.node.node import PREFIX


def find_traces() -> frozenset[str]:
    """Name every namespace, mount, cgroup and folder that could be of a node.

    Processes show by their namespaces, which end with the last process in there.
    """
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    return frozenset(
        [
            *_namespaces(),
            *(line for line in mounts if PREFIX in line),
            *map(str, leftovers(PREFIX)),
            *map(str, Path(tempfile.gettempdir()).glob(f"{PREFIX}*")),
        ]
    )


def _namespaces() -> frozenset[str]:
    """Name the mount and PID namespaces that some process is in."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        for kind in ("mnt", "pid"):
            try:
                found.add(os.readlink(process / "ns" / kind))
            except OSError:  # it has ended meanwhile
                continue
    return frozenset(found)
