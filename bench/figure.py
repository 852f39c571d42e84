"""A figure as an SVG file that is the same for the same numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "bench",  # the same file for the same numbers
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
}


@contextmanager
def drawn(path: Path, *, width: float, height: float) -> Iterator[Figure]:
    """Lend an empty figure, and write what was drawn into it.

    Args:
        path: of the file.
        width: in inches, as the height.
        height: likewise.
    """
    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(width, height), layout="constrained")
        figure.set_facecolor("white")
        yield figure
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
