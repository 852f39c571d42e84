"""`python -m bench`: measure, print the tables, write RESULTS.md and the plot."""

import argparse
import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

from bench.campaign import Plan, measure
from bench.chart import draw
from bench.report import replace_below_mark, tables, written
from bench.summary import compare

_HERE = Path(__file__).parent


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line asks for."""
    asked = _parser().parse_args(arguments)
    plan = Plan(
        sizes=tuple(sorted(set(asked.sizes))),
        rounds=asked.rounds,
        unrelated=asked.unrelated,
        idle=timedelta(seconds=asked.idle_seconds),
    )
    measured = asyncio.run(measure(plan, _teller()))
    print(f"\n{tables(measured)}\n")
    plot, results = asked.output / "plot.svg", asked.output / "RESULTS.md"
    draw(compare(measured.runs), plot)
    replace_below_mark(results, written(measured, on=date.today()))  # noqa: DTZ011 - the reader's
    print(f"written: {results}, {plot}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure the operator against a bare client. Takes about ten minutes.",
    )
    parser.add_argument(
        "--sizes", type=_sizes, default=(100, 1_000, 5_000), help="namespaces, as 100,1000,5000"
    )
    parser.add_argument("--rounds", type=int, default=3, help="per size; default 3")
    parser.add_argument(
        "--unrelated", type=int, default=3_000, help="Secrets that are not ours; default 3000"
    )
    parser.add_argument("--idle-seconds", type=float, default=60, help="default 60")
    parser.add_argument(
        "--output", type=Path, default=_HERE, help="folder for RESULTS.md and plot.svg"
    )
    return parser


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _teller() -> Callable[[str], None]:
    began = time.monotonic()
    return lambda text: print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)


if __name__ == "__main__":
    main()
