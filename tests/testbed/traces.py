"""What a node could leave behind on a machine."""

import os
import re
import tempfile
from pathlib import Path

from testbed.node.cgroups import leftovers
from testbed.node.configuration import KERNEL_SETTINGS
from testbed.node.node import PREFIX

# Inherited by all that this run starts, so that other nodes of the machine are not taken for ours.
_MARK = ("ECR_SECRETS_TEST_RUN", str(os.getpid()))
os.environ.update([_MARK])

# Where containerd, CNI and the kubelet keep their files unless told otherwise.
_USUAL = (
    *("/etc/cdi", "/etc/cni", "/etc/containerd", "/etc/kubernetes", "/opt/cni", "/opt/containerd"),
    *("/run/cdi", "/run/cni", "/run/containerd", "/run/kubelet", "/run/netns", "/run/runc"),
    *("/usr/libexec/kubernetes", "/usr/local/libexec/kubernetes"),
    *("/var/lib/cni", "/var/lib/containerd", "/var/lib/kubelet"),
    *("/var/log/containers", "/var/log/pods"),
)


def find_traces() -> frozenset[str]:
    """Name every process, namespace, mount, cgroup, folder and kernel setting of a node.

    Also what there is at the usual places of its programs, whoever put it there: compare.

    Namespaces end with the last process in there: when the first one ends, which inherits our
    environment, the kernel ends the others.
    """
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    places = [
        *(line for line in mounts if PREFIX in line),
        *map(str, leftovers(PREFIX)),
        *map(str, Path(tempfile.gettempdir()).glob(f"{PREFIX}*")),
    ]
    own = [each for each in places if not _is_used(each)]
    return frozenset([*_processes(), *_kernel(), *own, *_usual_places()])


def _is_used(place: str) -> bool:
    """Tell whether a place is that of a node which another run of the machine has started."""
    found = re.search(rf"{PREFIX}(\d+)-", place)
    owner = Path("/proc") / (found[1] if found else "none")
    return owner.exists() and owner.name != str(os.getpid()) and not _is_ours(owner)


def _usual_places() -> list[str]:
    """Name those that exist, and what is right in there; further below, others may be at work."""
    found = [Path(each) for each in _USUAL if os.path.lexists(each)]
    return [str(each) for place in found for each in (place, *place.glob("*"))]


def _kernel() -> list[str]:
    """Say how the kernel is set, where a kubelet would have it otherwise."""
    root = Path("/proc/sys")
    return [f"{name} = {(root / name).read_text().strip()}" for name in KERNEL_SETTINGS]


def _processes() -> frozenset[str]:
    """Name the processes that this run has started, and their mount and PID namespaces."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        if not _is_ours(process):
            continue
        try:
            name = (process / "comm").read_text().strip()
            spaces = [os.readlink(process / "ns" / kind) for kind in ("mnt", "pid")]
        except OSError:  # it has ended meanwhile
            continue
        found.update([f"process {process.name} {name}", *spaces])
    return frozenset(found)


def _is_ours(process: Path) -> bool:
    try:
        return "=".join(_MARK).encode() in (process / "environ").read_bytes().split(b"\0")
    except OSError:  # it has ended meanwhile
        return False
