"""Metrics and health, from outside."""

import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from ecr_secrets.core.spec import KIND
from testbed.aws import faults
from testbed.certificates import Authority
from testbed.kubeconfig import token_user, write_kubeconfig
from testbed.ports import ReservedPort
from testbed.processes import ProcessGroup
from testbed.waiting import wait_for
from tests.cluster.stage import SOON, Stage

STATES = ("ready", "missing", "failed", "pending")


def test_metrics_tell_when_each_token_expires(stage: Stage) -> None:
    """Per credential and region, as the secret says it; and they vanish with the object."""
    shop, missing = stage.make_namespace("shop"), stage.name("missing")
    stage.set_aws_access()
    registries = [{"region": "eu-west-1"}, {"region": "us-east-1"}]
    name = stage.set_credential([shop, missing], registries=registries)
    stage.until("it is served", lambda: stage.pulls(shop))
    expiry = datetime.fromisoformat(stage.secret(shop).annotations["expiry"]).timestamp()
    stage.until("the targets are counted", lambda: _targets(stage, name)["missing"] == 1)
    assert _targets(stage, name) == {"ready": 1, "missing": 1, "failed": 0, "pending": 0}
    metrics = stage.operator.metrics()
    for region in ("eu-west-1", "us-east-1"):
        labels = f'{{credential="{name}",region="{region}"}}'
        found = metrics[f"ecr_secrets_token_expiry_timestamp_seconds{labels}"]
        assert found == pytest.approx(expiry, abs=2)  # two tokens, each its own
    stage.api.delete(KIND, name)
    stage.until("they are gone", lambda: not _series(stage, name))


def _targets(stage: Stage, credential: str) -> dict[str, float]:
    metrics = stage.operator.metrics()
    labels = (f'{{credential="{credential}",state="{state}"}}' for state in STATES)
    counts = (metrics.get(f"ecr_secrets_targets{each}", -1) for each in labels)
    return dict(zip(STATES, counts, strict=True))


def _series(stage: Stage, credential: str) -> list[str]:
    return [each for each in stage.operator.metrics() if f'credential="{credential}"' in each]


def test_metrics_count_what_was_done_and_what_failed(stage: Stage) -> None:
    """Refreshes, failures by reason, calls to AWS by result, requests to the API."""
    shop = stage.make_namespace("shop")
    before = stage.operator.metrics()
    stage.aws.misbehave(faults.ACCESS_DENIED, stage.key)
    stage.set_aws_access()
    name = stage.set_credential([shop])
    denied = ("False", "AccessDenied")
    stage.until("it fails first", lambda: stage.condition(name) == denied)
    stage.aws.behave()
    good = stage.aws.new_key()
    stage.set_aws_access(good)

    stage.until("it is served", lambda: stage.is_ready(name))

    after = stage.operator.metrics()
    call = 'ecr_secrets_aws_requests_total{operation="GetAuthorizationToken",result="%s"}'
    for counter in (
        call % "AccessDenied",
        call % "success",
        'ecr_secrets_failures_total{reason="AccessDenied"}',
        'ecr_secrets_refreshes_total{result="success"}',
        'ecr_secrets_pull_secret_writes_total{reason="Missing"}',
        'ecr_secrets_reconciles_total{result="success"}',
        'ecr_secrets_api_requests_total{resource="secrets",status="201",verb="apply"}',
    ):
        assert after[counter] > before.get(counter, 0), counter
    assert after[call % "success"] == before.get(call % "success", 0) + 1


def test_each_port_answers_its_own_paths_and_no_others(stage: Stage) -> None:
    """404 for all else, also for the paths of the other port."""
    health, metrics = stage.operator.health_url, stage.operator.metrics_url

    assert _get(f"{health}/healthz") == 200
    assert _get(f"{health}/readyz") == 200
    assert _get(metrics) == 200
    for path in (
        f"{health}/",
        f"{health}/metrics",
        f"{health}/healthz/more",
        metrics.replace("/metrics", "/"),
        metrics.replace("/metrics", "/healthz"),
    ):
        assert _get(path) == 404, path


def test_health_does_not_hang_on_aws(stage: Stage) -> None:
    """A restart would not bring AWS back."""
    name = stage.set_credential([stage.make_namespace("shop")])
    stage.aws.set_down(down=True)
    stage.set_aws_access()

    away = ("False", "AwsUnavailable")
    stage.until("AWS is missed", lambda: stage.condition(name) == away)

    assert _get(f"{stage.operator.health_url}/healthz") == 200
    assert _get(f"{stage.operator.health_url}/readyz") == 200


def test_without_an_api_server_it_lives_and_is_not_ready(tmp_path: Path) -> None:
    """A pod that starts before the cluster's network works waits instead of crashing."""
    with closing(ReservedPort()) as nobody, closing(ReservedPort()) as own:
        address = f"https://127.0.0.1:{nobody.number}"
        ca = Authority("nobody").certificate_pem
        kubeconfig = write_kubeconfig(tmp_path / "config", address, ca, token_user("none"))
        own.close()
        arguments = [
            *("--kubeconfig", str(kubeconfig)),
            *("--bind-address", "127.0.0.1"),
            *("--metrics-port", "0"),
            *("--health-port", str(own.number)),
        ]
        command: list[str | Path] = [
            Path(sys.executable).with_name("ecr-secrets"),
            "run",
            *arguments,
        ]
        with ProcessGroup() as group:
            operator = group.start("operator", command)
            wait_for(
                "the API server is missed",
                lambda: "watch interrupted" in operator.log.read_text(),
                SOON,
            )

            assert _get(f"http://127.0.0.1:{own.number}/healthz") == 200
            assert _get(f"http://127.0.0.1:{own.number}/readyz") == 503


def _get(url: str) -> int:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 - http on loopback
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
