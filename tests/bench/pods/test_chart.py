"""The plot shows every way, those as well whose pods do not run."""

from datetime import timedelta
from pathlib import Path

import pytest

from bench.pods.summary import sum_up
from tests.bench.pods.builders import a_start

pytest.importorskip("matplotlib", reason="matplotlib comes with `make bench` only")
from bench.pods.chart import draw


def test_what_does_not_run_is_shown_as_such(tmp_path: Path) -> None:
    """A bar that is merely long would look like a time."""
    watched = timedelta(seconds=30)
    starts = [
        a_start(way="nothing", seconds=None, watched=watched),
        a_start(seconds=0.574),
        a_start(outage="AWS was away", seconds=12.0),
    ]
    path = tmp_path / "pods.svg"

    draw(sum_up(starts), path)

    text = path.read_text()
    words = (
        "The operator was down",
        "AWS was away",
        "not running after 30 s",
        ">0.57 s<",
        ">12.00 s<",
    )
    assert [each for each in words if each not in text] == []
