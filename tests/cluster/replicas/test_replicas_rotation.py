"""The webhook's authority is replaced again and again while everybody keeps asking."""

import os
import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta

import pytest

from ecr_secrets.webhook.ca_record import parse_record
from ecr_secrets.webhook.ca_secret import DATA_KEY, SECRET_NAME
from testbed.operator import NAMESPACE
from tests.cluster.replicas.cluster import Cluster
from tests.cluster.replicas.pair import Pair
from tests.cluster.replicas.pods import Created, PodLoad, until_open
from tests.cluster.replicas.reviews import Callers, Trust
from tests.cluster.stage import Stage
from tests.cluster.webhook_metrics import calls, failed_calls

# By its age, an authority is replaced every nine seconds; the lives below cannot be much shorter,
# or what is left of them is less than what a busy machine stalls for. So most of the rotations
# are asked for by deleting the record, which takes no longer than the overlap.
ROTATIONS_BY_AGE = int(os.environ.get("ROTATIONS_BY_AGE", "4"))
ROTATIONS = 50
LIVES = (
    "--ca-lifetime-seconds", "15",
    "--certificate-lifetime-seconds", "15",
    "--ca-overlap-seconds", "1.2",
    "--log-level", "debug",
)  # fmt: skip
LONGEST = timedelta(seconds=20)  # one rotation

_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


@pytest.fixture(scope="module")
def lasting_pair(cluster: Cluster) -> Iterator[Pair]:
    """Two replicas whose certificates live for seconds, from the first one on."""
    cluster.control_plane.kubectl(
        "delete", "secret", SECRET_NAME, f"--namespace={NAMESPACE}", "--ignore-not-found"
    )  # it may hold an authority that lives for a year
    with Pair(cluster, *LIVES) as pair:
        yield pair


def test_no_call_fails_while_authorities_rotate(pair: Pair, stage: Stage) -> None:
    """The API server, which keeps no connection, and other callers verify both all the time."""
    cluster = pair.cluster
    first, second = pair.replicas.values()
    shop = stage.make_namespace("shop")
    until_open(cluster, shop)
    stage.serve(shop)
    stage.until("the first one signs", lambda: _signing(stage) != "", LONGEST)
    before = (calls(cluster.control_plane), failed_calls(cluster.control_plane))

    def hang_up(_: Created) -> bool:
        pair.balancer.dismiss()
        return True

    pair.balancer.dismiss()
    accepted = pair.balancer.accepted
    with (
        Trust(cluster) as trust,
        Callers(first.webhook_port, trust, namespace=shop) as callers,
        Callers(second.webhook_port, trust, namespace=shop) as others,
        # One thread: when its pod is there, the API server asks nothing.
        PodLoad(cluster, [shop], threads=1, check=hang_up) as load,
    ):
        for number in range(ROTATIONS):
            _rotate(stage, by_age=number < ROTATIONS_BY_AGE)

    after = (calls(cluster.control_plane), failed_calls(cluster.control_plane))
    assert (callers.problems, others.problems) == ({}, {})
    assert load.problems == []
    assert {(pod.status, pod.warnings) for pod in load.created} == {(201, ())}
    assert after[1] == before[1]
    assert after[0] - before[0] >= len(load.created) > ROTATIONS
    assert pair.balancer.accepted - accepted >= len(load.created)
    assert min(callers.answered, others.answered) > ROTATIONS
    assert _seen(trust) > ROTATIONS
    assert pair.balancer.refused == 0


def _rotate(stage: Stage, *, by_age: bool) -> None:
    """Wait until another authority signs, having asked for one unless its age does."""
    before = _signing(stage)
    if not by_age:
        stage.api.delete("Secret", SECRET_NAME, NAMESPACE)
    stage.until("another signs", lambda: _signing(stage) not in {"", before}, LONGEST)


def _signing(stage: Stage) -> str:
    """Return the fingerprint of the authority that signs now; "": none does."""
    found = stage.api.find("Secret", SECRET_NAME, NAMESPACE) or {}
    record = parse_record(b64decode(found.get("data", {}).get(DATA_KEY, "")))
    signing = (one.fingerprint for one in record.authorities if one.role == "Signing")
    return next(signing, "")


def _seen(trust: Trust) -> int:
    """Count the authorities that the configuration has named."""
    return len({found for bundle in trust.bundles for found in _CERTIFICATE.findall(bundle)})
