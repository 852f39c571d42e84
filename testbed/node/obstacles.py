"""Tells whether a machine can have a node, in one line for whoever wants one."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from testbed.node.cgroups import hierarchies, withheld
from testbed.node.programs import find_runc

# In namespaces of its own; with --kill-child the kernel ends PID 1, and with it all, when we end.
ISOLATED = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
_TRIAL = 30  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a node needs of a machine."""

    system: str = "linux"  # as `sys.platform` calls it
    root: bool = True
    lacking: tuple[str, ...] = ()  # programs
    cgroups: bool = True  # whether there are some, and they can be written
    withheld: tuple[str, ...] = ()  # cgroup controllers that no other cgroup may have
    namespaces: bool = True  # whether mount and PID namespaces can be made


def find_obstacle() -> str | None:
    """Say why there can be no node here; None: there can."""
    return obstacle_of(_look())


def obstacle_of(machine: Machine) -> str | None:
    """Say why there can be no node on a machine; None: there can."""
    wanted = " ".join(f"+{controller}" for controller in machine.withheld)
    obstacles = {
        "a node needs Linux": machine.system != "linux",
        "a node needs root": not machine.root,
        f"a node needs {' and '.join(machine.lacking)}, which this machine lacks": machine.lacking,
        "a node needs cgroups that can be written": not machine.cgroups,
        f"a node needs '{wanted}' in /sys/fs/cgroup/cgroup.subtree_control": machine.withheld,
        "a node needs the right to make mount and PID namespaces": not machine.namespaces,
    }
    return next((said for said, found in obstacles.items() if found), None)


def _look() -> Machine:
    if sys.platform != "linux" or os.geteuid() != 0:
        return Machine(system=sys.platform, root=False)
    lacking = [name for name in ("unshare", "mount") if shutil.which(name) is None]
    if find_runc() is None:
        lacking.append("runc")
    roots = hierarchies()
    return Machine(
        lacking=tuple(lacking),
        cgroups=bool(roots) and all(os.access(root, os.W_OK) for root in roots),
        withheld=withheld(),
        namespaces="unshare" not in lacking and _can_isolate(),
    )


def _can_isolate() -> bool:
    try:
        done = subprocess.run([*ISOLATED, "true"], capture_output=True, check=False, timeout=_TRIAL)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
