"""RESULTS.md holds what was measured last between what a person wrote."""

from pathlib import Path

import pytest

from bench.results import write_section

_BEGIN = "<!-- writes: written by `make bench` -->"
_END = "<!-- writes: end -->"
_OTHER = "<!-- admission: written by `make bench` -->\n\nother\n\n<!-- admission: end -->\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            f"Method.\n{_BEGIN}\n\nold\n\n{_END}\nMore.\n",
            f"Method.\n{_BEGIN}\n\nnew\n\n{_END}\nMore.\n",
            id="measured-before",
        ),
        pytest.param(
            f"{_BEGIN}\nold\n{_END}\n{_OTHER}",
            f"{_BEGIN}\n\nnew\n\n{_END}\n{_OTHER}",
            id="another-section-below",
        ),
        pytest.param("Method.\n", f"Method.\n{_BEGIN}\n\nnew\n\n{_END}\n", id="never-measured"),
        pytest.param(_OTHER, f"{_OTHER}{_BEGIN}\n\nnew\n\n{_END}\n", id="another-was-measured"),
        pytest.param(None, f"{_BEGIN}\n\nnew\n\n{_END}\n", id="no-file"),
    ],
)
def test_only_what_was_measured_is_replaced(before: str | None, after: str, tmp_path: Path) -> None:
    """A new measurement never touches the words about the method, nor another measurement."""
    path = tmp_path / "RESULTS.md"
    if before is not None:
        path.write_text(before)

    write_section(path, "writes", "new")

    assert path.read_text() == after


def test_a_section_without_an_end_is_left_alone(tmp_path: Path) -> None:
    """Whatever stands below might be a person's."""
    path = tmp_path / "RESULTS.md"
    before = f"Method.\n{_BEGIN}\nold\nMethod of something else.\n"
    path.write_text(before)

    with pytest.raises(ValueError, match="writes: end"):
        write_section(path, "writes", "new")

    assert path.read_text() == before
