"""Ways take turns."""

import pytest

from bench.pods.rounds import rotated


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        pytest.param(0, "abc", id="first"),
        pytest.param(1, "bca", id="second"),
        pytest.param(2, "cab", id="last-of-the-turn"),
        pytest.param(3, "abc", id="anew"),
        pytest.param(4, "bca", id="and-on"),
    ],
)
def test_each_round_begins_with_another_way(by: int, expected: str) -> None:
    """Whoever comes first meets what came before; nobody shall always."""
    assert rotated("abc", by) == list(expected)
