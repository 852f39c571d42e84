"""Tells the demo in lines of text, for a log or a pipe: nothing moves, nobody is waited for."""

from datetime import timedelta
from textwrap import wrap

from rich.console import Console

from testbed.demo.chapter import Chapter, Promise, Seen, Step, Verdict
from testbed.demo.sight import Sight
from testbed.demo.wording import say_stopwatch


class Plain:
    """A teller that writes each line once."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = console.width

    def see(self, sight: Sight, changes: tuple[str, ...]) -> None:
        """Write down what changed."""
        for change in changes:
            self._write(f"{say_stopwatch(sight.elapsed):>7}  {change}", hang=6)

    def begin(self, number: int, chapter: Chapter) -> None:
        """Open a chapter."""
        self._write()
        self._write(f"{number}. {chapter.title}")
        self._write(f"   {chapter.words}")

    def step(self, step: Step) -> None:
        """Say what is about to be done."""
        self._write()
        self._write(f"   > {step.words}", hang=2)

    def wait(self, promise: Promise, seen: Seen) -> None:
        """Stay silent: a log shows what happens, not what is waited for."""

    def judge(self, verdict: Verdict) -> None:
        """Say whether a promise was kept."""
        self._write(f"   {verdict.mark} {verdict.promise} ({verdict.evidence})", hang=2)

    async def breathe(self, span: timedelta) -> None:
        """Go on at once."""

    def invite(self, commands: tuple[tuple[str, str], ...]) -> None:
        """Say what to try now that the story is over."""
        self._write()
        self._write("Everything stays up until Ctrl-C. To try in a second terminal:")
        for command, effect in commands:
            self._console.print(f"   {command}", soft_wrap=True)
            self._console.print(f"       {effect}")

    def _write(self, line: str = "", *, hang: int = 0) -> None:
        """Write a line, broken where it is too long.

        Args:
            hang: how far its further lines are set in, beyond the first.
        """
        indent = " " * (len(line) - len(line.lstrip()))
        broken = wrap(line, self._width, subsequent_indent=indent + " " * hang)
        self._console.print("\n".join(broken), markup=False, soft_wrap=True)
