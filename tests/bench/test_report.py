"""RESULTS.md holds what a person wrote above what was measured last."""

from pathlib import Path

import pytest

from bench.report import MARK, replace_below_mark


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(f"Method.\n{MARK}\nold", f"Method.\n{MARK}\nnew", id="measured-before"),
        pytest.param("Method.\n", f"Method.\n{MARK}\nnew", id="never-measured"),
        pytest.param(None, f"{MARK}\nnew", id="no-file"),
    ],
)
def test_only_what_was_measured_is_replaced(before: str | None, after: str, tmp_path: Path) -> None:
    """A new measurement never touches the words about the method."""
    path = tmp_path / "RESULTS.md"
    if before is not None:
        path.write_text(before)

    replace_below_mark(path, f"{MARK}\nnew")

    assert path.read_text() == after
