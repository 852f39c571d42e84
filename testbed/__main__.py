"""The testbed by hand: `python -m testbed build | up | demo`."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from testbed.binaries import provide_binaries
from testbed.errors import ControlPlaneError

_EPILOG = """\
environment:
  TESTBED_KUBERNETES   minor release to run (default 1.36)
  KUBEBUILDER_ASSETS   folder of ready programs to use instead of building them
"""


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code."""
    parser = _parser()
    chosen, rest = parser.parse_known_args(arguments)
    if rest and chosen.command != "demo":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        return _run(chosen.command, rest)
    except ControlPlaneError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # as shells count it: 128 + SIGINT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m testbed",
        description="A real Kubernetes control plane, a fake AWS and a registry on loopback.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    commands.add_parser("build", help="build the control plane's programs, if not done before")
    commands.add_parser("up", help="start everything, say how to reach it, stay until Ctrl-C")
    commands.add_parser("demo", help="show the operator at work (demo --help)", add_help=False)
    return parser


def _run(command: str, rest: Sequence[str]) -> int:
    if command == "build":
        provide_binaries()
        return 0
    # Loaded when asked for: `build` has to run before the rest is of any use.
    if command == "up":
        importlib.import_module("testbed.up").up()
        return 0
    return int(importlib.import_module("testbed.demo.command").main(rest))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
