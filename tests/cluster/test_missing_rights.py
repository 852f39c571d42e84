"""Without a right it needs, the operator says which, and goes on when it has it."""

from collections.abc import Iterator

import pytest

from manifests.install import NAME, rules
from tests.cluster.stage import HEALED, Stage

_ROLE = f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{NAME}"


def _grant(stage: Stage, *, secrets: bool) -> None:
    """Give the operator its rules, those on Secrets or not."""
    granted = [rule for rule in rules() if secrets or rule["resources"] != ["secrets"]]
    patch = {"rules": granted}
    content_type = "application/merge-patch+json"
    status, _ = stage.site.control_plane.request("PATCH", _ROLE, patch, content_type=content_type)
    assert status == 200


@pytest.fixture
def restored(spare_stage: Stage) -> Iterator[Stage]:
    """A stage whose operator has all its rights again afterwards."""
    yield spare_stage
    _grant(spare_stage, secrets=True)


def test_a_right_that_is_missing_is_named_in_the_condition(restored: Stage) -> None:
    """An administrator reads what to grant, and nothing has to be restarted afterwards."""
    stage = restored
    shop = stage.make_namespace("shop")
    stage.set_aws_access()
    _grant(stage, secrets=False)

    name = stage.set_credential([shop], secretName=stage.name("login"))
    stage.until(
        "the condition says so",
        lambda: stage.condition(name, "Degraded") == ("True", "Forbidden"),
        HEALED,
    )
    (message,) = {each["message"] for each in stage.status(name)["conditions"]}
    ready = stage.condition(name)
    _grant(stage, secrets=True)

    stage.until("it is served", lambda: stage.is_ready(name), HEALED)
    assert "list secrets" in message
    assert ready == ("Unknown", "Forbidden")
