"""The command line of `make bench`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

_HERE = Path(__file__).parent


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; None: that of the process."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure the operator: its writes against a bare client, which takes about ten "
        "minutes, and the admission of pods with and without its webhook, which takes about six.",
    )
    parser.add_argument(
        "part",
        nargs="?",
        choices=("all", "writes", "admission"),
        default="all",
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
    parser.add_argument(
        "--output", type=Path, default=_HERE, help="folder for RESULTS.md and plot.svg"
    )
    return parser.parse_args(arguments)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))
