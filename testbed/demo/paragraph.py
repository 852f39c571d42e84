"""Styled text, broken into lines that are set in."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A piece of text that may need several lines."""

    text: Text
    indent: int = 0  # columns, of all lines
    hang: int = 0  # more columns, of all lines but the first

    def lines(self, console: Console, width: int) -> Iterator[Text]:
        """Break the text so that every line fits."""
        room = max(1, width - self.indent - self.hang)
        for number, line in enumerate(self.text.wrap(console, room)):
            line.rstrip()
            yield Text(" " * (self.indent + (self.hang if number else 0))).append_text(line)
