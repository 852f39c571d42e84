"""The two Helms, built once."""

import pytest

from testbed.helm import MAJORS, provide_helm
from tests.helm.helm import Helm


@pytest.fixture(scope="session")
def helms(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Helm]:
    """Both, by their major version; they know of no cluster."""
    folder = tmp_path_factory.mktemp("helm")
    nowhere = folder / "kubeconfig"
    nowhere.touch()
    return {
        major: Helm(major=major, program=provide_helm(major), folder=folder, kubeconfig=nowhere)
        for major in MAJORS
    }


@pytest.fixture(params=MAJORS, ids=lambda major: f"helm{major}")
def helm(request: pytest.FixtureRequest, helms: dict[int, Helm]) -> Helm:
    """Each of the two in turn."""
    return helms[request.param]


@pytest.fixture
def helm4(helms: dict[int, Helm]) -> Helm:
    """Helm 4, for what both render alike."""
    return helms[4]
