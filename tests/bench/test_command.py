"""`python -m bench` measures all of it, or the part that is asked for."""

import pytest

from bench.command import Choice, choose, parse

_OBSTACLE = "a node needs root"
_SAID = "pods are left out: a node needs root"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        pytest.param([], "all", id="all"),
        pytest.param(["admission"], "admission", id="a-part"),
        pytest.param(["--rounds", "1", "writes"], "writes", id="behind-an-option"),
        pytest.param(["--rounds", "1"], "all", id="only-an-option"),
    ],
)
def test_a_part_can_be_chosen(arguments: list[str], part: str) -> None:
    """Nobody waits for what they do not want to know."""
    assert parse(arguments).part == part


def test_a_part_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped word must not measure everything for a quarter of an hour."""
    with pytest.raises(SystemExit):
        parse(["admision"])

    assert "admission" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "obstacle", "expected"),
    [
        pytest.param("all", None, Choice(("writes", "admission", "pods"), ""), id="all"),
        pytest.param("pods", None, Choice(("pods",), ""), id="pods"),
        pytest.param("all", _OBSTACLE, Choice(("writes", "admission"), _SAID), id="all-without"),
        pytest.param("pods", _OBSTACLE, Choice((), _SAID), id="only-what-cannot-be"),
        pytest.param("writes", _OBSTACLE, Choice(("writes",), ""), id="needs-no-node"),
    ],
)
def test_pods_are_left_out_where_there_can_be_no_node(
    asked: str, obstacle: str | None, expected: Choice
) -> None:
    """The rest needs neither root nor Linux, and the reason is said once."""
    assert choose(asked, obstacle) == expected
