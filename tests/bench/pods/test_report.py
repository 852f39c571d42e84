"""The tables say what was measured, and no more."""

from datetime import timedelta

from bench.pods.measured import PodsMeasured, Start
from bench.pods.report import tables
from tests.bench.builders import MACHINE
from tests.bench.pods.builders import a_start


def _lines(*starts: Start) -> list[str]:
    return tables(PodsMeasured(starts=starts, machine=MACHINE)).splitlines()


def _cells(lines: list[str]) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_each_outage_has_a_table() -> None:
    """One says nothing about the other."""
    lines = _lines(a_start(way="nothing"), a_start(outage="AWS was away"))

    shown = [cells[0] for cells in _cells(lines) if cells[0].strip("-")]
    assert shown == ["### The operator was down", "nothing", "### AWS was away", "this operator"]


def test_a_way_is_a_row_with_median_least_and_most() -> None:
    """And with what it cost, of all its pods together."""
    lines = _lines(
        a_start(seconds=3.0, refused=1),
        a_start(seconds=1.25),
        a_start(seconds=1.5),
    )

    row = ["this operator", "3", "1.50", "1.25", "3.00", "", "", "1", "3", "0"]
    assert row in _cells(lines)


def test_a_pipeline_is_shown_with_its_step() -> None:
    """What it does before the pod is time as well."""
    lines = _lines(a_start(way="the pasted recipe", seconds=1.0, step=0.5, replaced=True))

    row = ["the pasted recipe", "1", "1.00", "1.00", "1.00", "0.50", "1.50", "0", "1", "1"]
    assert row in _cells(lines)


def test_a_pod_that_did_not_run_is_a_row_too() -> None:
    """It says for how long somebody watched."""
    watched = timedelta(seconds=30)

    lines = _lines(
        a_start(way="nothing", seconds=None, watched=watched, refused=2, aws_calls=0),
    )

    row = ["nothing", "1", *["not after 30 s"] * 3, "", "", "2", "0", "0"]
    assert row in _cells(lines)
