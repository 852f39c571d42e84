"""The version stands in pyproject.toml; whatever else says it, says the same."""

import re
from importlib.metadata import version

import pytest
import yaml

from manifests.install import install
from tests.image.project import IMAGE, NAME, ROOT, VERSION

CHART = yaml.safe_load((ROOT / "chart" / NAME / "Chart.yaml").read_text(encoding="utf-8"))


def _image_of_the_manifests() -> str:
    (deployment,) = [each for each in install() if each["kind"] == "Deployment"]
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])


def test_the_version_is_one_that_chart_and_tag_can_have() -> None:
    """Helm takes semantic versions only, and Python normalises others away."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(version(NAME), id="package"),
        pytest.param(CHART["version"], id="chart"),
        pytest.param(str(CHART["appVersion"]), id="chart-app"),
    ],
)
def test_package_and_chart_have_the_version(said: str) -> None:
    """One release, one number."""
    assert said == VERSION


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(_image_of_the_manifests(), id="manifests"),
        pytest.param(
            yaml.safe_load(CHART["annotations"]["artifacthub.io/images"])[0]["image"],
            id="artifact-hub",
        ),
    ],
)
def test_whatever_names_the_image_names_that_of_the_version(image: str) -> None:
    """What is installed is what was released with it."""
    assert image == f"{IMAGE}:{VERSION}"


@pytest.mark.parametrize("path", ["README.md", "manifests/install.yaml"])
def test_no_file_names_an_image_of_another_version(path: str) -> None:
    """Also where a person copies it from."""
    text = (ROOT / path).read_text(encoding="utf-8")

    assert set(re.findall(rf"/{NAME}:(\d[^\s\"']*)", text)) <= {VERSION}
