"""The page has no command that is not run."""

from pathlib import Path

from tests.lifecycle.recipes import NAMES, sections

_TESTS = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))


def test_every_command_of_the_page_is_run() -> None:
    """A section with commands that no test follows would be a guess."""
    followed = {title for title in sections() if f'"{title}"' in _TESTS}

    assert followed | {NAMES} == sections().keys()
