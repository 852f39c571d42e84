"""What the operator's token is refused, by the API server alone: no operator is running here."""

import pytest

from testbed.control_plane import ControlPlane
from tests.cluster.privileges.escalations import ESCALATIONS
from tests.cluster.privileges.intruder import Attempt, Intruder, assert_denied
from tests.cluster.privileges.profiles import PROFILES
from tests.cluster.privileges.release import Release
from tests.cluster.privileges.trespasses import TRESPASSES
from tests.helm.helm import Helm


@pytest.mark.parametrize("release", ["default"], indirect=True)
@pytest.mark.parametrize("attempt", [*ESCALATIONS, *TRESPASSES])
def test_the_token_is_not_good_for(release: Release, intruder: Intruder, attempt: Attempt) -> None:
    """With the widest rights that the chart grants."""
    assert_denied(intruder.try_to(attempt), attempt)


@pytest.mark.parametrize("profile", PROFILES)
def test_no_choice_grants_more_than_the_default(
    cluster: ControlPlane, helm: Helm, profile: str
) -> None:
    """So what is refused by default is refused whatever was chosen."""
    widest = Release(cluster, helm, PROFILES["default"]).grants
    chosen = Release(cluster, helm, PROFILES[profile]).grants

    assert [each for each in chosen if not any(wide.covers(each) for wide in widest)] == []
