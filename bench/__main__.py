"""`python -m bench`: measure, print the tables, write RESULTS.md and the plots."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

from bench.admission import campaign as admission_campaign
from bench.admission import report as admission_report
from bench.campaign import Plan, measure
from bench.chart import draw
from bench.command import choose, parse
from bench.measured import Machine
from bench.pods import campaign as pods_campaign
from bench.pods import chart as pods_chart
from bench.pods import report as pods_report
from bench.pods.summary import sum_up
from bench.report import tables
from bench.results import head, write_section
from bench.summary import compare
from testbed.node.obstacles import find_obstacle


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line asks for."""
    asked = parse(arguments)
    choice = choose(asked.part, find_obstacle())
    if not choice.parts:
        sys.exit(choice.left_out)
    if choice.left_out:
        print(choice.left_out, flush=True)
    tell = _teller()
    for part in choice.parts:
        _MEASURE[part](asked, tell)


def _measure_writes(asked: argparse.Namespace, tell: Callable[[str], None]) -> None:
    plan = Plan(
        sizes=tuple(sorted(set(asked.sizes))),
        rounds=asked.rounds,
        unrelated=asked.unrelated,
        idle=timedelta(seconds=asked.idle_seconds),
    )
    measured = asyncio.run(measure(plan, tell))
    plot = asked.output / "plot.svg"
    draw(compare(measured.runs), plot)
    print(f"\nwritten: {plot}")
    _write(asked.output, "writes", tables(measured), measured.machine)


def _measure_admission(asked: argparse.Namespace, tell: Callable[[str], None]) -> None:
    measured = asyncio.run(admission_campaign.measure(asked.admission_rounds, tell))
    _write(asked.output, "admission", admission_report.tables(measured), measured.machine)


def _measure_pods(asked: argparse.Namespace, tell: Callable[[str], None]) -> None:
    measured = asyncio.run(pods_campaign.measure(asked.pods_rounds, tell))
    plot = asked.output / "pods.svg"
    pods_chart.draw(sum_up(measured.starts), plot)
    print(f"\nwritten: {plot}")
    _write(asked.output, "pods", pods_report.tables(measured), measured.machine)


_MEASURE = {"writes": _measure_writes, "admission": _measure_admission, "pods": _measure_pods}


def _write(folder: Path, name: str, text: str, machine: Machine) -> None:
    print(f"\n{text}\n")
    results = folder / "RESULTS.md"
    today = date.today()  # noqa: DTZ011 - the reader's
    write_section(results, name, f"## Last run: {name}\n\n{head(machine, on=today)}\n\n{text}")
    print(f"written: {results}")


def _teller() -> Callable[[str], None]:
    began = time.monotonic()
    return lambda text: print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)


if __name__ == "__main__":
    main()
