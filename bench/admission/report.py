"""Admission in words and tables."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from bench.admission.goals import judge
from bench.admission.measured import AdmissionMeasured, Batch, Rescue
from bench.admission.summary import Admission, Percentile, percentile, sum_up
from bench.table import render
from bench.verdict import render_verdicts


def tables(measured: AdmissionMeasured) -> str:
    """Show everything that was measured."""
    admissions = sum_up(measured.batches)
    return "\n\n".join(
        (
            "### Admission through the API server",
            _admissions(admissions),
            "### Above a bare webhook",
            _admissions(_above_bare(measured.batches)),
            "### Processor time per pod",
            _cpu(admissions),
            "### Pods that meet an expired secret",
            _rescues(measured.rescues),
            "### Goals",
            render_verdicts(judge(admissions, measured.rescues)),
        )
    )


def _admissions(admissions: Sequence[Admission]) -> str:
    head = (
        "", "clients", "pods", "p50 ms", "above", "of the rounds", "p99 ms", "above",
        "of the rounds",
    )  # fmt: skip
    rows = [
        (each.case, str(each.load), f"{each.pods:,}", *_shown(each.p50), *_shown(each.p99))
        for each in admissions
    ]
    return render(head, rows)


def _above_bare(batches: Iterable[Batch]) -> Sequence[Admission]:
    """What the operator adds to a webhook that does nothing."""
    compared = [batch for batch in batches if batch.case in {"bare webhook", "fresh"}]
    return sum_up(compared, "bare webhook")


def _shown(percentile: Percentile) -> tuple[str, str, str]:
    if not any(percentile.above):  # the baseline, compared with itself
        return f"{percentile.value:.2f}", "", ""
    least, most = min(percentile.above), max(percentile.above)
    return (
        f"{percentile.value:.2f}",
        f"{percentile.typically_above:+.2f}",
        f"{least:+.2f} to {most:+.2f}",
    )


def _cpu(admissions: Sequence[Admission]) -> str:
    head = ("", "clients", "webhook ms", "control plane ms")
    rows = [
        (
            each.case,
            str(each.load),
            _milliseconds(each.webhook_cpu),
            _milliseconds(each.control_plane_cpu),
        )
        for each in admissions
        if each.case != "expired"
    ]
    return render(head, rows)


def _milliseconds(span: timedelta) -> str:
    return f"{1000 * span.total_seconds():.2f}"


def _rescues(rescues: Sequence[Rescue]) -> str:
    head = (
        "", "clients", "pods", "p50 ms", "p99 ms", "longest ms", "secrets", "AWS calls", "in time",
        "warned",
    )  # fmt: skip
    rows = []
    for load in dict.fromkeys(rescue.batch.load for rescue in rescues):
        found = [rescue for rescue in rescues if rescue.batch.load == load]
        times = [time for rescue in found for time in rescue.batch.milliseconds]
        rows.append(
            (
                "one after the other" if load.clients == 1 else "at once, one secret for all",
                str(load.clients),
                str(len(times)),
                f"{percentile(times, 50):.0f}",
                f"{percentile(times, 99):.0f}",
                f"{max(times):.0f}",
                str(sum(rescue.secrets for rescue in found)),
                str(sum(rescue.aws_calls for rescue in found)),
                str(sum(rescue.in_time for rescue in found)),
                str(sum(rescue.warned for rescue in found)),
            )
        )
    return render(head, rows)
