"""Rollout and refresh in words and tables."""

from collections.abc import Sequence
from statistics import median

from bench.goals import judge
from bench.measured import Footprint, Idle, Measured, Run
from bench.summary import Comparison, compare
from bench.table import render
from bench.verdict import render_verdicts


def tables(measured: Measured) -> str:
    """Show everything that was measured."""
    comparisons = compare(measured.runs)
    return "\n\n".join(
        (
            "### Time and processor",
            _paces(comparisons),
            _fixed(measured.smallest),
            "### Memory and demand",
            _demands(comparisons),
            "### At rest",
            _footprints(measured.footprints),
            _idle(measured.idle),
            "### Goals",
            render_verdicts(judge(comparisons, measured.footprints, measured.idle)),
        )
    )


def _paces(comparisons: Sequence[Comparison]) -> str:
    head = (
        "", "N", "operator s", "bare s", "ratio", "of the rounds",
        "CPU s", "bare CPU s", "control plane CPU s", "with bare",
    )  # fmt: skip
    rows = [
        (
            entry.phase,
            f"{entry.size:,}",
            f"{entry.operator.seconds:.2f}",
            f"{entry.bare.seconds:.2f}",
            f"{entry.ratio:.2f}",
            f"{min(entry.ratios):.2f}–{max(entry.ratios):.2f}",  # noqa: RUF001 - a range
            f"{entry.operator.cpu_seconds:.2f}",
            f"{entry.bare.cpu_seconds:.2f}",
            f"{entry.operator.control_plane_seconds:.1f}",
            f"{entry.bare.control_plane_seconds:.1f}",
        )
        for entry in comparisons
    ]
    return render(head, rows)


def _fixed(smallest: Sequence[Run]) -> str:
    spans = ", ".join(f"{run.phase} {1000 * run.time.total_seconds():.0f} ms" for run in smallest)
    return f"With one namespace, the operator alone: {spans}."


def _demands(comparisons: Sequence[Comparison]) -> str:
    head = ("", "N", "peak MiB", "bare MiB", "API requests", "bare", "AWS calls")
    rows = [
        (
            entry.phase,
            f"{entry.size:,}",
            f"{entry.operator.peak_mib:.1f}",
            f"{entry.bare.peak_mib:.1f}",
            f"{entry.operator.api_requests:,.0f}",
            f"{entry.bare.api_requests:,.0f}",
            f"{entry.operator.aws_calls:g}",
        )
        for entry in comparisons
    ]
    return render(head, rows)


def _footprints(footprints: Sequence[Footprint]) -> str:
    head = ("started anew", "N", "resident MiB", "peak MiB", "starts")
    rows = []
    for unrelated in sorted({each.unrelated for each in footprints}):
        found = [each for each in footprints if each.unrelated == unrelated]
        rows.append(
            (
                f"{unrelated:,} unrelated Secrets",
                f"{found[0].size:,}",
                f"{median(each.resident_mib for each in found):.1f}",
                f"{median(each.peak_mib for each in found):.1f}",
                str(len(found)),
            )
        )
    return render(head, rows)


def _idle(idle: Idle) -> str:
    return (
        f"Idle with {idle.size:,} namespaces for {idle.time.total_seconds():.0f} s: "
        f"{idle.writes} writes, {idle.other_requests} other requests, {idle.aws_calls} AWS calls, "
        f"{idle.core_percent:.2f} % of a core."
    )
