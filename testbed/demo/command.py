"""`python -m testbed demo`: reads the command line, starts everything, returns the exit code."""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from datetime import timedelta

from rich.console import Console

from testbed.control_plane import ControlPlane
from testbed.demo.chapter import all_held
from testbed.demo.play import Ending, Options, play
from testbed.demo.summary import summary
from testbed.node.obstacles import find_obstacle
from testbed.node.programs import provide_node_programs
from testbed.operator import CRD, install

# After a failure the operator leaves AWS alone for 5 to 10 s, and half of a token's life has to
# outlast that, or no outage of AWS would go unnoticed.
_SHORTEST_LIFE = 30  # seconds
_LONGEST_LIFE = 12 * 3600  # seconds: ECR's own
_INTERRUPTED = 130  # as shells count it: 128 + SIGINT
_LOG_LINES = 20  # of the operator, when something did not hold
_NODE = "kubelet and containerd; pods really run"
_LINE = 100  # characters, where there is no terminal


def main(arguments: Sequence[str]) -> int:
    """Run the demo and return the exit code: 0 if every promise held.

    Raises:
        ControlPlaneError: something of the testbed does not start or has broken down.
    """
    chosen = _parse(arguments)
    obstacle = find_obstacle() if chosen.node else "not asked for"
    options = Options(
        life=timedelta(seconds=chosen.token_life_seconds),
        stay=chosen.stay,
        node=None if obstacle else provide_node_programs(),
    )
    console = _console()
    console.print("[bold]ECR pull secrets, kept valid: the operator at work[/bold]\n")
    console.print("  control plane: starting etcd, API server and controller manager")
    begun = time.monotonic()
    with ControlPlane(manifests=[CRD]) as control_plane:
        install(control_plane)
        took = time.monotonic() - begun
        version = control_plane.api_server_version
        console.print(f"  control plane: Kubernetes {version}, ready after {took:.1f} s")
        node = f"none ({obstacle}); each pod stands for its first pull" if obstacle else _NODE
        console.print(f"  node: {node}")
        ending = asyncio.run(play(control_plane, console, options))
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # impatience must not cut the closing short
    return conclude(console, ending)


def conclude(console: Console, ending: Ending) -> int:
    """Say what came of it and return the exit code."""
    if ending.verdicts is None:
        console.print("\nLeft before the end; everything is stopped and removed.")
        return _INTERRUPTED
    console.print()
    console.print(summary(ending.verdicts, ending.sight))
    if all_held(ending.verdicts):
        return 0
    console.print("\nThe operator's last words:")
    for line in ending.operator_log.splitlines()[-_LOG_LINES:]:
        console.print(f"  {line}", soft_wrap=True, markup=False)
    return 1


def _console() -> Console:
    """Return where to write to: as plain as can be, unless it is a terminal."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(width=_LINE, force_terminal=False, color_system=None, highlight=False)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m testbed demo",
        description="The operator at work on a local control plane, in about two minutes. "
        "Exit code 0: every promise held.",
    )
    parser.add_argument(
        "--stay",
        action="store_true",
        help="leave the last chapter out and keep everything up for playing, until Ctrl-C",
    )
    parser.add_argument(
        "--no-node",
        action="store_false",
        dest="node",
        help="let no pod run; without, pods run on a kubelet where the machine allows it",
    )
    parser.add_argument(
        "--token-life-seconds",
        metavar="SECONDS",
        type=float,
        default=_SHORTEST_LIFE,
        help=f"how long registry tokens live, at least {_SHORTEST_LIFE}: two refreshes and an "
        "outage of AWS are waited for (default: %(default)s)",
    )
    chosen = parser.parse_args(arguments)
    seconds = chosen.token_life_seconds
    if not _SHORTEST_LIFE <= seconds <= _LONGEST_LIFE:
        parser.error(
            f"--token-life-seconds: expected {_SHORTEST_LIFE} to {_LONGEST_LIFE}, got {seconds:g}"
        )
    return chosen
