"""Admission is held against its goals, each at its boundary."""

from collections.abc import Sequence

import pytest

from bench.admission.goals import judge
from bench.admission.measured import Load, Rescue
from bench.admission.summary import Admission
from tests.bench.admission.builders import a_rescue, an_admission

_P50 = "fresh secret, clients: 32, 100/s: p50 above no webhook"
_P99 = "fresh secret, clients: 32, 100/s: p99 above no webhook"
_ASKED = "the API server asks about a pod that names a managed secret, and about no other"
_LONGEST = "expired secret, ECR at 100 ms: the longest admission"
_IN_TIME = "expired secret: pods admitted behind a fresh secret in their namespace"
_CALLS = "expired secret: AWS calls per secret, however many pods name it"


def _missed(admissions: Sequence[Admission] = (), rescues: Sequence[Rescue] = ()) -> list[str]:
    """Name the goals missed, with what is not given being all well."""
    verdicts = judge(admissions or (an_admission(),), rescues or (a_rescue(),))
    return [verdict.what for verdict in verdicts if not verdict.met]


@pytest.mark.parametrize(
    ("admission", "missed"),
    [
        pytest.param(an_admission(p50_above=0.99), [], id="p50-below"),
        pytest.param(an_admission(p50_above=1.0), [], id="p50-exactly"),
        pytest.param(an_admission(p50_above=1.01), [_P50], id="p50-above"),
        pytest.param(an_admission(p99_above=9.9), [], id="p99-below"),
        pytest.param(an_admission(p99_above=10.0), [], id="p99-exactly"),
        pytest.param(an_admission(p99_above=10.1), [_P99], id="p99-above"),
        pytest.param(an_admission(p50_above=9.0, load=Load(1)), [], id="no-goal-for-one-client"),
        pytest.param(an_admission("expired", p50_above=99.0), [], id="no-goal-beside-expired"),
        pytest.param(an_admission("bare webhook", p50_above=9.0), [], id="no-goal-for-a-bare-one"),
    ],
)
def test_a_fresh_secret_costs_a_pod_next_to_nothing(
    admission: Admission, missed: list[str]
) -> None:
    """The usual pod must not notice that it is asked about."""
    assert _missed([admission]) == missed


@pytest.mark.parametrize(
    "admission",
    [
        pytest.param(an_admission("no webhook", reviews_per_pod=(0.0, 0.1)), id="still-asked"),
        pytest.param(an_admission("bare webhook", reviews_per_pod=(0.5,)), id="bare-not-asked"),
        pytest.param(an_admission("not matching", reviews_per_pod=(1.0,)), id="asked-in-vain"),
        pytest.param(an_admission("fresh", reviews_per_pod=(1.0, 0.99)), id="not-always-asked"),
        pytest.param(an_admission("expired", reviews_per_pod=(0.0,)), id="never-asked"),
    ],
)
def test_a_case_that_was_not_what_it_is_called_shows(admission: Admission) -> None:
    """Latency without a webhook means nothing if there was one, and the other way round."""
    assert _missed([admission]) == [_ASKED]


@pytest.mark.parametrize(
    ("rescue", "missed"),
    [
        pytest.param(a_rescue(120.0, 499.9), [], id="just-in-time"),
        pytest.param(a_rescue(120.0, 500.0), [_LONGEST], id="exactly-too-long"),
        pytest.param(a_rescue(in_time=1), [_IN_TIME], id="one-came-too-early"),
        pytest.param(a_rescue(aws_calls=2), [_CALLS], id="two-calls"),
        pytest.param(a_rescue(aws_calls=0), [_CALLS], id="no-call"),
        pytest.param(a_rescue(secrets=2, aws_calls=2), [], id="a-call-for-each-secret"),
    ],
)
def test_an_expired_secret_is_refreshed_before_the_pod_is_admitted(
    rescue: Rescue, missed: list[str]
) -> None:
    """Every pod of every round counts, not the usual one."""
    assert _missed(rescues=[a_rescue(), rescue]) == missed
