"""The version stands in pyproject.toml; whatever else says it, says the same."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

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


# What is written, and what writes it.
_SAYING = ("chart", "manifests", "README.md", "SECURITY.md")
_WRITING = ("pyproject.toml", "src", "testbed")


def test_a_new_version_is_set_in_one_place(tmp_path: Path) -> None:
    """And `make manifests` writes it wherever else it stands, leaving nothing of the old one."""
    for name in (*_SAYING, *_WRITING):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    project = tmp_path / "pyproject.toml"
    project.write_text(project.read_text().replace(f'"{VERSION}"', '"987.6.5"', 1))

    for module in ("chart.generated", "manifests.generate"):
        paths = f"{tmp_path}:{tmp_path / 'src'}"
        command = [sys.executable, "-m", module]
        subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths}, check=True)

    assert _files_with(VERSION, tmp_path) == set()
    assert _files_with("987.6.5", tmp_path) == _files_with(VERSION, ROOT) != set()


def _files_with(number: str, top: Path) -> set[Path]:
    whole = re.compile(rf"(?<![\w.]){re.escape(number)}(?![\w.-])")
    named = (top / name for name in _SAYING)
    files = (path for each in named for path in (each, *each.rglob("*")) if path.is_file())
    texts = (path for path in files if path.suffix in {".json", ".md", ".tpl", ".txt", ".yaml"})
    return {path.relative_to(top) for path in texts if whole.search(path.read_text())}
