"""A cgroup of our own in every hierarchy of the machine, for the pods of a node.

Both versions are served: in version 1 each controller has a hierarchy, in version 2 there is one.
They are described by the kernel's documentation, admin-guide/cgroup-v1 and cgroup-v2.
"""

from collections.abc import Iterator
from pathlib import Path

_MOUNTS = Path("/proc/self/mounts")
_ROOT = Path("/sys/fs/cgroup")
_TYPES = ("cgroup", "cgroup2")
# What the kubelet asks of a cgroup in version 2, as far as the machine has it
# (getSupportedUnifiedControllers in pkg/kubelet/cm/cgroup_v2_manager_linux.go).
_CONTROLLERS = frozenset({"cpu", "cpuset", "memory", "hugetlb", "pids"})
_INHERITED = ("cpuset.cpus", "cpuset.mems")  # version 1: empty in a new cgroup, which holds nobody


def hierarchies(mounts: Path = _MOUNTS) -> tuple[Path, ...]:
    """Name where each hierarchy is mounted, the first of several places; empty: there is none."""
    lines = (line.split() for line in mounts.read_text(encoding="utf-8").splitlines())
    places = [Path(target) for _, target, kind, *_ in lines if kind in _TYPES]
    found: dict[int, Path] = {}  # each hierarchy has a device number of its own
    for place in places:
        if place.exists():  # else it is hidden by a later mount
            found.setdefault(place.stat().st_dev, place)
    return tuple(found.values())


def withheld(root: Path = _ROOT) -> tuple[str, ...]:
    """Name the controllers that a machine with version 2 alone has, and does not hand down.

    To have it do so would change the machine. Beside version 1, nobody asks for them.
    """
    present, handed_down = (
        set(file.read_text(encoding="ascii").split()) if file.exists() else set()
        for file in (root / "cgroup.controllers", root / "cgroup.subtree_control")
    )
    return tuple(sorted(_CONTROLLERS & (present - handed_down)))


def make_cgroup(name: str) -> tuple[Path, ...]:
    """Make a cgroup in every hierarchy, and return its folders.

    Raises:
        OSError: this machine does not let us.
    """
    return tuple(_make(root, name) for root in hierarchies())


def leftovers(prefix: str) -> Iterator[Path]:
    """Find cgroups at the top of a hierarchy by how their names begin."""
    for root in hierarchies():
        yield from root.glob(f"{prefix}*")


def _make(root: Path, name: str) -> Path:
    folder = root / name
    folder.mkdir()
    for file in _INHERITED:
        if (root / file).exists() and (folder / file).exists():
            (folder / file).write_text((root / file).read_text(encoding="ascii"), encoding="ascii")
    return folder
