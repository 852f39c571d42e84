"""The command line of `make bench`."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PARTS = ("writes", "admission", "pods")
_ALL = "all"
_NEEDS_NODE = "pods"
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Choice:
    """What is measured."""

    parts: tuple[str, ...]
    left_out: str  # what is not, though it was asked for, and why; "": nothing


def choose(asked: str, obstacle: str | None) -> Choice:
    """Tell what to measure.

    Args:
        asked: a part, or all of them.
        obstacle: why there can be no node here; None: there can.
    """
    parts = PARTS if asked == _ALL else (asked,)
    if obstacle is None or _NEEDS_NODE not in parts:
        return Choice(parts, "")
    able = tuple(part for part in parts if part != _NEEDS_NODE)
    return Choice(able, f"{_NEEDS_NODE} are left out: {obstacle}")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; None: that of the process."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure the operator: its writes against a bare client, which takes about ten "
        "minutes; the admission of pods with and without its webhook, about six; the time until "
        "pods run whose pull secret has expired, about twelve, on a real node (Linux, root, runc).",
    )
    parser.add_argument(
        "part",
        nargs="?",
        choices=(_ALL, *PARTS),
        default=_ALL,
        help="what to measure; default all",
    )
    parser.add_argument(
        "--sizes", type=_sizes, default=(100, 1_000, 5_000), help="namespaces, as 100,1000,5000"
    )
    parser.add_argument("--rounds", type=int, default=3, help="per size; default 3")
    parser.add_argument(
        "--unrelated", type=int, default=3_000, help="Secrets that are not ours; default 3000"
    )
    parser.add_argument("--idle-seconds", type=float, default=60, help="default 60")
    parser.add_argument("--admission-rounds", type=int, default=6, help="default 6")
    parser.add_argument("--pods-rounds", type=int, default=5, help="default 5")
    parser.add_argument(
        "--output", type=Path, default=_HERE, help="folder for RESULTS.md and the plots"
    )
    return parser.parse_args(arguments)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))
