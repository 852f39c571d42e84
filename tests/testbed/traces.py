"""What a node could leave behind on a machine."""

import os
import tempfile
from pathlib import Path

from testbed.node.cgroups import leftovers
from testbed.node.node import PREFIX

# Inherited by all that this run starts, so that other nodes of the machine are not taken for ours.
_MARK = ("ECR_SECRETS_TEST_RUN", str(os.getpid()))
os.environ.update([_MARK])


def find_traces() -> frozenset[str]:
    """Name every namespace, mount, cgroup and folder that could be of a node.

    Processes show by their namespaces, which end with the last process in there; when the first
    one ends, and it inherits our environment, the kernel ends the others.
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
    """Name the mount and PID namespaces of processes that this run has started."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        if not _is_ours(process):
            continue
        for kind in ("mnt", "pid"):
            try:
                found.add(os.readlink(process / "ns" / kind))
            except OSError:  # it has ended meanwhile
                continue
    return frozenset(found)


def _is_ours(process: Path) -> bool:
    try:
        return "=".join(_MARK).encode() in (process / "environ").read_bytes().split(b"\0")
    except OSError:  # it has ended meanwhile
        return False
