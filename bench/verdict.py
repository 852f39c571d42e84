"""A number to reach, and whether it was."""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.table import render


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One number to reach."""

    what: str
    goal: str
    measured: str
    met: bool


def render_verdicts(verdicts: Iterable[Verdict]) -> str:
    """Show them as a table."""
    head = ("what", "goal", "measured", "")
    rows = [
        (each.what, each.goal, each.measured, "met" if each.met else "missed") for each in verdicts
    ]
    return render(head, rows)
