"""The plot: time and memory over the number of namespaces."""

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes

from bench.figure import drawn
from bench.goals import MAX_MIB
from bench.measured import Phase
from bench.summary import Comparison, Typical

_COLORS: dict[Phase, str] = {"rollout": "#1f5fa8", "refresh": "#c2571a"}


def draw(comparisons: Sequence[Comparison], path: Path) -> None:
    """Write the plot as SVG."""
    with drawn(path, width=10, height=4.2) as figure:
        left, right = figure.subplots(1, 2)
        _lines(left, comparisons, lambda typical: typical.seconds)
        left.set(title="Time for all namespaces", ylabel="seconds", ylim=(0, None))
        _lines(right, comparisons, lambda typical: typical.peak_mib)
        right.set(title="Peak memory", ylabel="MiB", ylim=(0, MAX_MIB * 1.1))
        right.axhline(MAX_MIB, color="#666666", linewidth=1, linestyle=":")
        right.annotate("goal", (0, MAX_MIB), xytext=(4, 3), textcoords="offset points")
        for axes in (left, right):
            axes.set(xlabel="namespaces", xlim=(0, None))
            axes.xaxis.set_major_formatter("{x:,.0f}")
        left.legend(frameon=False)


def _lines(
    axes: Axes, comparisons: Sequence[Comparison], value: Callable[[Typical], float]
) -> None:
    for phase, color in _COLORS.items():
        found = [entry for entry in comparisons if entry.phase == phase]
        sizes = [entry.size for entry in found]
        ours, theirs = ([value(entry.operator) for entry in found], [value(e.bare) for e in found])
        axes.plot(sizes, ours, color=color, marker="o", label=f"{phase}, operator")
        axes.plot(sizes, theirs, color=color, marker="x", linestyle="--", label=f"{phase}, bare")
