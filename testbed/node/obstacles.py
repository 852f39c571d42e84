"""Tells whether a machine can have a node, in one line for whoever wants one."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from testbed.node.cgroups import hierarchies
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
    namespaces: bool = True  # whether mount and PID namespaces can be made


def find_obstacle() -> str | None:
    """Say why there can be no node here; None: there can."""
    return obstacle_of(_look())


def obstacle_of(machine: Machine) -> str | None:
    """Say why there can be no node on a machine; None: there can."""
    if machine.system != "linux":
        return "a node needs Linux"
    if not machine.root:
        return "a node needs root"
    if machine.lacking:
        return f"a node needs {' and '.join(machine.lacking)}, which this machine lacks"
    if not machine.cgroups:
        return "a node needs cgroups that can be written"
    if not machine.namespaces:
        return "a node needs the right to make mount and PID namespaces"
    return None


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
        namespaces="unshare" not in lacking and _can_isolate(),
    )


def _can_isolate() -> bool:
    done = subprocess.run([*ISOLATED, "true"], capture_output=True, check=False, timeout=_TRIAL)
    return done.returncode == 0
