"""The plot of pods: how long each way takes, every pod as a dot."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from bench.figure import drawn
from bench.pods.summary import NEVER, Summary

_RUNS, _WAITS = "#1f5fa8", "#b0b0b0"
_AXIS = "seconds from kubectl apply to running: the median, and each pod as a dot"
_HEIGHT = 0.55  # inches, of a way


def draw(summaries: Sequence[Summary], path: Path) -> None:
    """Write the plot as SVG: one part for each outage, one bar up to the median for each way."""
    outages = list(dict.fromkeys(each.outage for each in summaries))
    parts = [[each for each in summaries if each.outage == outage] for outage in outages]
    lengths = [len(part) for part in parts]
    with drawn(path, width=10, height=1.5 + _HEIGHT * sum(lengths)) as figure:
        axes = figure.subplots(len(parts), 1, sharex=True, squeeze=False, height_ratios=lengths)
        for (below,), outage, part in zip(axes, outages, parts, strict=True):
            _bars(below, part)
            below.set(title=f"{outage[0].upper()}{outage[1:]}", xlim=(0, None))
        axes[-1][0].set(xlabel=_AXIS)


def _bars(axes: Axes, part: Sequence[Summary]) -> None:
    for place, each in enumerate(part):
        runs = each.median != NEVER
        length = each.median if runs else each.watched
        axes.barh(place, length, height=0.6, color=_RUNS if runs else _WAITS, alpha=0.5)
        seen = [seconds for seconds in each.seconds if seconds != NEVER]
        axes.plot(seen, [place] * len(seen), "o", color=_RUNS, markersize=4)
        axes.annotate(
            f"{each.median:.2f} s" if runs else f"not running after {each.watched:g} s",
            (max([length, *seen]), place),
            xytext=(6, 0),
            textcoords="offset points",
            verticalalignment="center",
        )
    axes.set_yticks(range(len(part)), [each.way for each in part])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.2)
