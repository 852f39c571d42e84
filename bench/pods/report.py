"""Pods in words and tables."""

from bench.pods.measured import PodsMeasured
from bench.pods.summary import Summary, say_seconds, sum_up
from bench.table import Row, render

_HEAD = (
    "", "pods", "running after, s", "least", "most", "step before, s", "both, s", "refused pulls",
    "AWS calls", "other UID",
)  # fmt: skip


def tables(measured: PodsMeasured) -> str:
    """Show everything that was measured: a table for each outage."""
    summaries = sum_up(measured.starts)
    sections = []
    for outage in dict.fromkeys(each.outage for each in summaries):
        rows = [_row(each) for each in summaries if each.outage == outage]
        sections.append(f"### {outage[0].upper()}{outage[1:]}\n\n{render(_HEAD, rows)}")
    return "\n\n".join(sections)


def _row(each: Summary) -> Row:
    middle, least, most, whole = (
        say_seconds(seconds, watched=each.watched)
        for seconds in (each.median, min(each.seconds), max(each.seconds), each.whole)
    )
    return (
        each.way,
        str(len(each.seconds)),
        middle,
        least,
        most,
        f"{each.step:.2f}" if each.step else "",
        whole if each.step else "",
        str(each.refused),
        str(each.aws_calls),
        str(each.replaced),
    )
