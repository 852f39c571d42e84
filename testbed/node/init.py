"""The first process of a node: hides the machine's own state, then runs containerd and kubelet.

It lives in a mount and a PID namespace of its own. When it ends, however it ends, the kernel ends
every process in there, pods included, and undoes every mount.

Runs as a script with the standard library alone. Its argument is a JSON file:

    containerd, import, kubelet: command lines; the second has to end well between the others
    socket: which containerd serves when it is up
    kernel: what is to be read below /proc/sys, by path
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

# What containerd and the kubelet write to, wherever they are told to live.
_EMPTY = ("/run", "/var/log")
_COPIED_ON_WRITE = "/var/lib"  # not hidden: somebody may keep the programs there
_PATIENCE = 60  # seconds for containerd to come up


def main(plan_file: str) -> None:
    """Run the node until something of it ends, or the kernel ends us."""
    plan = json.loads(Path(plan_file).read_text(encoding="utf-8"))
    _hide()
    _pretend(plan["kernel"])
    running = {_start("containerd", plan["containerd"]): "containerd"}
    _wait_for(Path(plan["socket"]), running)
    _import(plan["import"])
    running[_start("kubelet", plan["kubelet"])] = "kubelet"
    while True:
        _check(running, *os.wait())


def _hide() -> None:
    for folder in _EMPTY:
        _mount("-t", "tmpfs", "node", folder)
    own = Path("/run/own")
    for name in ("upper", "work"):
        (own / name).mkdir(parents=True)
    options = f"lowerdir={_COPIED_ON_WRITE},upperdir={own}/upper,workdir={own}/work"
    _mount("-t", "overlay", "-o", options, "node", _COPIED_ON_WRITE)


def _pretend(settings: dict[str, int]) -> None:
    """Show what the kubelet wants to see of the kernel, which stays as it is."""
    for number, (setting, value) in enumerate(settings.items()):
        shown = Path("/run/own") / f"kernel-{number}"
        shown.write_text(f"{value}\n", encoding="ascii")
        _mount("--bind", str(shown), f"/proc/sys/{setting}")


def _mount(*arguments: str) -> None:
    subprocess.run([shutil.which("mount") or "mount", *arguments], check=True)


def _start(name: str, arguments: list[str]) -> int:
    """Start a program that writes to `<name>.log`, and return its number.

    Not by `subprocess`, which would reap what `os.wait` is to tell us of.
    """
    log = os.open(f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    to = [(os.POSIX_SPAWN_DUP2, log, number) for number in (1, 2)]
    try:
        return os.posix_spawn(arguments[0], arguments, os.environ, file_actions=to)
    finally:
        os.close(log)


def _wait_for(socket: Path, running: dict[int, str]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not socket.exists():
        if time.monotonic() > deadline:
            sys.exit(f"containerd: no {socket} within {_PATIENCE} s")
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid:
            _check(running, pid, status)
        time.sleep(0.02)  # nothing tells when a socket appears


def _import(arguments: list[str]) -> None:
    pid = _start("import", arguments)
    _, status = os.waitpid(pid, 0)
    if status:
        sys.exit(f"import: {Path('import.log').read_text(encoding='utf-8', errors='replace')}")


def _check(running: dict[int, str], pid: int, status: int) -> None:
    """Go on unless what ended is what a node needs; all else are orphans that were reaped."""
    if pid in running:
        sys.exit(f"{running[pid]} ended with exit code {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
