"""The numbers to reach of admission, and whether they were."""

from collections.abc import Iterable, Sequence

from bench.admission.measured import Rescue
from bench.admission.summary import Admission
from bench.verdict import Verdict

MAX_ABOVE_P50 = 1.0  # milliseconds above no webhook
MAX_ABOVE_P99 = 10.0
MAX_RESCUE = 500.0  # milliseconds for a pod whose secret has expired
_CLIENTS = 32


def judge(admissions: Sequence[Admission], rescues: Sequence[Rescue]) -> tuple[Verdict, ...]:
    """Hold what was measured against the goals."""
    fresh = [each for each in admissions if each.case == "fresh" and each.load.clients == _CLIENTS]
    return (
        *(verdict for each in fresh for verdict in _above(each)),
        _reviews(admissions),
        *_rescues(rescues),
    )


def _above(fresh: Admission) -> Iterable[Verdict]:
    limits = (("p50", fresh.p50, MAX_ABOVE_P50), ("p99", fresh.p99, MAX_ABOVE_P99))
    for name, percentile, limit in limits:
        above, rounds = percentile.typically_above, percentile.above
        yield Verdict(
            what=f"fresh secret, clients: {fresh.load}: {name} above no webhook",
            goal=f"≤ {limit:g} ms",
            measured=f"{above:+.2f} ms ({min(rounds):+.2f} to {max(rounds):+.2f})",
            met=above <= limit,
        )


def _reviews(admissions: Sequence[Admission]) -> Verdict:
    """Whether the cases were what they are called: only then do the numbers mean anything."""
    right = all(
        set(each.reviews_per_pod)
        == {1.0 if each.case in {"bare webhook", "fresh", "expired"} else 0.0}
        for each in admissions
    )
    return Verdict(
        what="the API server asks about a pod that names a managed secret, and about no other",
        goal="always",
        measured="always" if right else "not always",
        met=right,
    )


def _rescues(rescues: Sequence[Rescue]) -> Iterable[Verdict]:
    longest = max(max(rescue.batch.milliseconds) for rescue in rescues)
    yield Verdict(
        what="expired secret, ECR at 100 ms: the longest admission",
        goal=f"< {MAX_RESCUE:g} ms",
        measured=f"{longest:.0f} ms",
        met=longest < MAX_RESCUE,
    )
    pods = sum(len(rescue.batch.milliseconds) for rescue in rescues)
    in_time = sum(rescue.in_time for rescue in rescues)
    yield Verdict(
        what="expired secret: pods admitted behind a fresh secret in their namespace",
        goal="all",
        measured=f"{in_time} of {pods}",
        met=in_time == pods,
    )
    calls = sorted({rescue.aws_calls / rescue.secrets for rescue in rescues})
    yield Verdict(
        what="expired secret: AWS calls per secret, however many pods name it",
        goal="1",
        measured=", ".join(f"{each:g}" for each in calls),
        met=calls == [1],
    )
