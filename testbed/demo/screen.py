"""Tells the demo on a terminal: a live table, and below it what happens."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.rule import Rule
from rich.text import Text

from testbed.demo import panels
from testbed.demo.chapter import Chapter, Promise, Seen, Step, Verdict
from testbed.demo.paragraph import Paragraph
from testbed.demo.sight import Sight
from testbed.demo.wording import say_stopwatch

_INDENT = 3  # columns
_REMEMBERED = 200  # lines of the journal: more than any terminal shows
_WIDEST = 100  # characters; longer lines are hard to read


class Screen:
    """A teller that draws the whole screen anew with every look, while it is entered."""

    def __init__(self, console: Console, *, chapters: int, footer: str) -> None:
        """Prepare the screen.

        Args:
            chapters: how many there will be.
            footer: the line that stays at the bottom.
        """
        self._console = console
        self._chapters = chapters
        self._footer = footer
        self._where = ""
        self._script: list[Paragraph] = []  # the chapter so far
        self._waiting: Paragraph | None = None
        self._journal: list[Paragraph] = []
        self._live = Live(console=console, screen=True, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def see(self, sight: Sight, changes: tuple[str, ...]) -> None:
        """Draw what there is now."""
        stopwatch = f"{say_stopwatch(sight.elapsed):>5}  "
        self._journal += [
            Paragraph(Text(stopwatch + change, style="dim"), hang=len(stopwatch))
            for change in changes
        ]
        del self._journal[:-_REMEMBERED]
        self._live.update(self._draw(sight), refresh=True)

    def begin(self, number: int, chapter: Chapter) -> None:
        """Open a chapter."""
        self._where = f"chapter {number} of {self._chapters}"
        self._script = [
            Paragraph(Text(f"{number}. {chapter.title}", style="bold cyan")),
            Paragraph(Text(chapter.words), indent=_INDENT),
        ]

    def step(self, step: Step) -> None:
        """Say what is about to be done."""
        self._script.append(Paragraph(Text(f"▸ {step.words}"), indent=_INDENT, hang=2))

    def wait(self, promise: Promise, seen: Seen) -> None:
        """Say what is still waited for."""
        line = Text(f"… {promise.words} ({seen.words})", style="dim")
        self._waiting = Paragraph(line, indent=_INDENT, hang=2)

    def judge(self, verdict: Verdict) -> None:
        """Say whether a promise was kept."""
        self._waiting = None
        line = Text.assemble(
            (verdict.mark, "green" if verdict.held else "bold red"),
            f" {verdict.promise} ",
            (f"({verdict.evidence})", "dim"),
        )
        self._script.append(Paragraph(line, indent=_INDENT, hang=2))

    async def breathe(self, span: timedelta) -> None:
        """Give the person time to read."""
        await asyncio.sleep(span.total_seconds())

    def invite(self, commands: Sequence[tuple[str, str]]) -> None:
        """Say what to try now that the story is over."""
        self._where = "yours until Ctrl-C"
        title = Text("Everything stays up. To try in a second terminal:", style="bold cyan")
        self._script = [Paragraph(title)]
        for command, effect in commands:
            line = Text.assemble(command, (f"  # {effect}", "dim"))
            self._script.append(Paragraph(line, indent=_INDENT, hang=2))

    def _draw(self, sight: Sight) -> RenderableType:
        console = self._console
        state = Group(
            panels.header(sight, self._where),
            Rule(style="dim"),
            panels.credential(sight),
            panels.counters(sight),
            Text(),
            panels.targets(sight),
            Rule(style="dim"),
        )
        footer = Group(Rule(style="dim"), Text(self._footer, overflow="fold"))
        room = console.height - self._height(state) - self._height(footer)
        told = self._tell(room)
        happened = self._wrap(self._journal)
        rest = room - len(told)
        shown = happened[-(rest - 1) :] if rest > 1 else []  # a blank line apart
        blanks = [Text()] * (rest - len(shown))
        return Group(state, *told, *blanks, *shown, footer)

    def _tell(self, room: int) -> list[Text]:
        """Return the chapter in lines; of one that is too long, the title and the end."""
        lines = self._wrap(self._script + ([self._waiting] if self._waiting else []))
        if len(lines) <= room:
            return lines
        return [lines[0], *lines[len(lines) - max(0, room - 1) :]][: max(0, room)]

    def _wrap(self, paragraphs: Sequence[Paragraph]) -> list[Text]:
        width = min(self._console.width, _WIDEST)
        return [line for each in paragraphs for line in each.lines(self._console, width)]

    def _height(self, part: RenderableType) -> int:
        return len(self._console.render_lines(part, pad=False))
