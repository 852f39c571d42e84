"""`python -m bench` measures all of it, or the part that is asked for."""

import pytest

from bench.command import parse


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
