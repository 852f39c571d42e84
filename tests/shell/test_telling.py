"""What has happened is told, whatever becomes of the status."""

from typing import Any, cast

import pytest

from ecr_secrets.controller.execute import Assignment
from ecr_secrets.controller.report import Report
from ecr_secrets.controller.status_writer import StatusWriter
from ecr_secrets.controller.teller import Teller
from ecr_secrets.core.actions import Write
from ecr_secrets.core.conclude import Findings
from ecr_secrets.core.credential import parse_credential
from ecr_secrets.core.objects import ObjectMeta
from ecr_secrets.core.occurrences import Occurrence
from ecr_secrets.core.standing import Outcome, stand
from ecr_secrets.errors import ConflictError, OperatorError, UnavailableError
from tests.core.builders import NOON, a_credential_manifest, a_pull_secret
from tests.fakes.kube import FakeKube


class _Events:
    """Remembers the reasons."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def record(self, _about: ObjectMeta, occurrence: Occurrence) -> None:
        self.reasons.append(occurrence.reason)


async def _conclude(kube: FakeKube, events: _Events) -> bool:
    """Tell of a look that has created a pull secret."""
    manifest = a_credential_manifest("shop")
    kube.statuses[manifest.metadata.name] = {}
    credential = parse_credential(manifest)
    target = credential.target("shop")
    actions = (Write(target, "Missing", None),)
    outcome = Outcome(written={target: a_pull_secret("shop")})
    teller = Teller(
        statuses=StatusWriter(kube),
        report=Report(cast("Any", events)),
        leading=lambda: True,
        clock=lambda: NOON,
    )
    assignment = Assignment(
        credential=credential, actions=actions, content=None, first=(), now=NOON
    )
    findings = Findings(secret_names=(credential.secret_name,))
    standing = stand(actions, outcome, now=NOON)
    return await teller.conclude(manifest, assignment, standing, outcome, findings)


async def test_an_event_is_told_though_the_status_was_overtaken() -> None:
    """The next look finds the pull secret in place, and nothing to tell of."""
    kube, events = FakeKube(), _Events()
    kube.refusals[""] = ConflictError("awsecrcredentials shop-ecr: changed meanwhile")

    assert not await _conclude(kube, events)
    assert events.reasons == ["PullSecretCreated", "PullSecretsReady"]


async def test_an_event_is_told_though_the_status_was_not_taken() -> None:
    """Or it was taken and the answer is lost, which looks the same."""
    kube, events = FakeKube(), _Events()
    kube.refusals[""] = UnavailableError("apply awsecrcredentials shop-ecr: 503")

    with pytest.raises(OperatorError):
        await _conclude(kube, events)
    assert events.reasons == ["PullSecretCreated", "PullSecretsReady"]
