"""The janitor: a small process that clears up when the one that started it is gone.

It makes a folder and a process group, names both on its standard output, and then reads its
standard input to the end. The kernel closes that pipe however the parent ends, SIGKILL included;
the janitor then kills the group and removes the folder, and the cgroups that it was told of, one
on each line of its input. There is no other way of clearing up, so
the way taken after a crash is the way taken every day.

Runs as a script with the standard library alone, so that it starts in milliseconds. It must stay
single-threaded: it forks.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import time

_PATIENCE = 10  # seconds for killed processes to leave the group, and likewise a cgroup


def main(within: str, prefix: str) -> None:
    """Serve one parent, until it is gone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # what ends the parent must not end us first
    try:
        folder = tempfile.mkdtemp(prefix=prefix, dir=within)
    except OSError as error:
        print(json.dumps({"problem": error.strerror}), flush=True)
        return
    leader = _start_leader()
    print(json.dumps({"folder": folder, "group": leader}), flush=True)
    cgroups = sys.stdin.read().splitlines()
    _end_group(leader)
    for cgroup in cgroups:
        _remove_cgroup(cgroup)
    shutil.rmtree(folder, ignore_errors=True)


def _start_leader() -> int:
    """Fork the process whose only duty is to keep the group's number in use."""
    leader = os.fork()
    if leader == 0:
        os.setpgid(0, 0)
        while True:
            signal.pause()
    os.setpgid(leader, leader)  # also here: whoever comes first, the group exists from now on
    return leader


def _end_group(leader: int) -> None:
    """Kill until the group is empty.

    A process that joins the group meanwhile gets the next signal; one that comes after the end
    finds no group to join and never executes its program.
    """
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            os.killpg(leader, signal.SIGKILL)
            os.waitpid(leader, os.WNOHANG)
        except ProcessLookupError:
            return
        except ChildProcessError:
            pass  # the leader is reaped already; others are still on their way out
        time.sleep(0.01)  # nothing tells when a group is empty


def _remove_cgroup(cgroup: str) -> None:
    """Remove a cgroup and all below it, as soon as nobody is in there any more."""
    deadline = time.monotonic() + _PATIENCE
    while os.path.isdir(cgroup) and time.monotonic() < deadline:
        for folder, _, _ in os.walk(cgroup, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:  # busy: those that were killed are still on their way out
                break
        time.sleep(0.01)  # nothing tells when a cgroup is empty


if __name__ == "__main__":
    main(*sys.argv[1:])
