"""What came of it: every promise, and whether it held."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from testbed.demo.chapter import Verdict, all_held
from testbed.demo.sight import Sight
from testbed.demo.wording import say_count, say_span


def summary(verdicts: Sequence[Verdict], sight: Sight) -> RenderableType:
    """Draw the table of promises and, below, the verdict on the whole.

    Args:
        verdicts: in the order they were given.
        sight: the last one of the story.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, title_justify="left")
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_column(style="dim")
    chapter = ""
    for verdict in verdicts:
        if verdict.chapter != chapter:
            chapter = verdict.chapter
            table.add_row("", Text(chapter, style="bold"), "")
        mark = Text(verdict.mark, style="green" if verdict.held else "bold red")
        table.add_row(mark, verdict.promise, verdict.evidence)
    heading = Text("What was promised, and what was seen", style="bold")
    return Group(heading, Text(), table, Text(), _conclusion(verdicts), _totals(sight))


def _conclusion(verdicts: Sequence[Verdict]) -> Text:
    if all_held(verdicts):
        return Text(f"✔ All promises held, {len(verdicts)} of {len(verdicts)}.", style="bold green")
    broken = sum(not verdict.held for verdict in verdicts)
    return Text(f"✘ {broken} of {len(verdicts)} promises did not hold.", style="bold red")


def _totals(sight: Sight) -> Text:
    pulls = sight.pulls
    parts = (
        f"{say_count(pulls.made, 'pull')}, {pulls.failed:,} failed",
        f"{say_count(sight.aws_calls, 'call')} to AWS",
        f"{say_count(sight.api_writes, 'write')} to the Kubernetes API",
        say_span(sight.elapsed),
    )
    return Text(f"  {'; '.join(parts)}.")
