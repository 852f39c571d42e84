"""A release: set off by a tag, only of what was tested, each thing signed by its digest."""

import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.image.project import NAME, ROOT, VERSION
from tests.image.workflows import commands, workflow

JOBS: dict[str, Any] = workflow("release")["jobs"]
SCRIPTS = {name: "\n".join(commands(job)) for name, job in JOBS.items() if "steps" in job}


def _used(job: str, action: str) -> list[dict[str, Any]]:
    return [step for step in JOBS[job]["steps"] if step.get("uses", "").startswith(f"{action}@")]


def _make(*words: str) -> str:
    command = ["make", "--silent", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_tag_sets_it_off_and_nothing_else() -> None:
    """Not even by hand: what is released has a tag that says so."""
    assert workflow("release")["on"] == {"push": {"tags": ["v*"]}}


def test_nothing_is_published_that_ci_has_not_passed() -> None:
    """And the release appears when everything it names is there."""
    assert JOBS["ci"]["uses"] == "./.github/workflows/ci.yml"
    assert JOBS["files"]["needs"] == "ci"
    assert JOBS["image"]["needs"] == "files"
    assert JOBS["chart"]["needs"] == ["files", "image"]
    assert JOBS["publish"]["needs"] == ["files", "image", "chart"]


def test_a_tag_of_another_version_is_refused() -> None:
    """What the tag says is what pyproject.toml says."""
    script = SCRIPTS["files"]

    assert "make --silent version" in script
    assert '"$GITHUB_REF_NAME" != "v$version"' in script


def test_make_says_the_version() -> None:
    """The workflow asks it rather than read a file by itself."""
    assert _make("version") == f"{VERSION}\n"


def test_the_image_comes_with_sbom_and_provenance() -> None:
    """For both architectures, with labels that say where it comes from, from no cache."""
    (build,) = [step["with"] for step in _used("image", "docker/build-push-action")]

    assert build["platforms"] == "linux/amd64,linux/arm64"
    assert build["push"] is True
    assert build["no-cache"] is True
    assert build["sbom"] is True
    assert build["provenance"] == "mode=max"
    assert {line.partition("=")[0] for line in build["build-args"].splitlines()} == {
        "VERSION",
        "REVISION",
        "SOURCE",
    }


@pytest.mark.parametrize("job", ["image", "chart"])
def test_what_is_pushed_is_signed_by_digest_without_a_key(job: str) -> None:
    """A tag could be another thing by the time it is signed."""
    (attest,) = _used(job, "actions/attest-build-provenance")

    assert re.search(r'cosign sign --yes( --recursive)? "\$[A-Z]+@\$DIGEST"', SCRIPTS[job])
    assert "--key" not in SCRIPTS[job]
    assert JOBS[job]["permissions"]["id-token"] == "write"
    assert attest["with"]["push-to-registry"] is True
    assert "digest" in attest["with"]["subject-digest"]


def test_the_files_come_with_signed_checksums() -> None:
    """And notes from the changelog, without which nothing is released."""
    script = SCRIPTS["publish"]

    assert "sha256sum" in script
    assert "cosign sign-blob --yes --bundle" in script
    assert "CHANGELOG.md says nothing" in script
    assert 'gh release create "$GITHUB_REF_NAME" dist/*' in script
    assert "--verify-tag" in script


def test_every_publishing_job_waits_for_the_environment() -> None:
    """Whose rules, such as a reviewer, are the owner's to set."""
    writing = {name for name, job in JOBS.items() if "write" in job["permissions"].values()}

    assert writing == {"image", "chart", "publish"}
    assert {JOBS[name]["environment"] for name in writing} == {"release"}


def _contents(paths: set[Path], top: Path) -> dict[Path, bytes]:
    return {path.relative_to(top): path.read_bytes() for path in paths}


def _packed(archive: Path) -> dict[Path, bytes]:
    with tarfile.open(archive) as files:
        read = ((member.name, files.extractfile(member)) for member in files)
        return {Path(name): file.read() for name, file in read if file}


def test_the_files_of_a_release_are_those_of_the_checkout(tmp_path: Path) -> None:
    """A chart of this version, and the manifests as they stand."""
    _make("dist", f"DIST={tmp_path}")

    chart = tmp_path / f"{NAME}-{VERSION}.tgz"
    kustomize = tmp_path / "kustomize.tar.gz"
    plain = ("install.yaml", "crd.yaml")
    assert {path.name for path in tmp_path.iterdir()} == {chart.name, kustomize.name, *plain}
    folders = (ROOT / "manifests" / name for name in ("base", "overlays"))
    stored = {path for folder in folders for path in folder.rglob("*.yaml")}
    assert _packed(kustomize) == _contents(stored, ROOT / "manifests")
    for name in plain:
        assert (tmp_path / name).read_bytes() == (ROOT / "manifests" / name).read_bytes()
    with tarfile.open(chart) as archive:
        packed = archive.extractfile(f"{NAME}/Chart.yaml")
        assert packed
        assert yaml.safe_load(packed.read())["version"] == VERSION
