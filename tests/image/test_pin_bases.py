"""`.github/pin-bases.sh` gives the images of the Dockerfile their newest digests."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.image.dockerfile import arguments
from tests.image.project import GITHUB, ROOT

NEW = "sha256:" + "5" * 64
DOCKER = """\
#!/bin/sh
[ "$1 $2 $3 $5" = "buildx imagetools inspect --format" ] || exit 64
echo "$4" >> "$(dirname "$0")/asked"
echo "$ANSWER"
"""


def _pin(dockerfile: Path, answer: str) -> subprocess.CompletedProcess[str]:
    """Run the script with a registry that gives one answer to everything."""
    docker = dockerfile.with_name("docker")
    docker.write_text(DOCKER, encoding="utf-8")
    docker.chmod(0o755)
    return subprocess.run(
        [GITHUB / "pin-bases.sh", dockerfile],
        env={"PATH": f"{docker.parent}:{os.environ['PATH']}", "ANSWER": answer},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def dockerfile(tmp_path: Path) -> Path:
    """A copy of ours, in a folder of its own."""
    copy = tmp_path / "Dockerfile"
    copy.write_text((ROOT / "Dockerfile").read_text(encoding="utf-8"), encoding="utf-8")
    return copy


def test_every_image_gets_the_digest_of_its_tag(dockerfile: Path) -> None:
    """And nothing else of the file changes."""
    before = dockerfile.read_text(encoding="utf-8")
    tags = {name: image.partition("@")[0] for name, image in arguments(before).items()}

    done = _pin(dockerfile, NEW)

    after = dockerfile.read_text(encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert (dockerfile.with_name("asked")).read_text().split() == list(tags.values())
    assert arguments(after) == {name: f"{tag}@{NEW}" for name, tag in tags.items()}
    assert after.partition("\nFROM ")[2] == before.partition("\nFROM ")[2]


@pytest.mark.parametrize("answer", ["", "sha256:short", f"{NEW}\n{NEW}"])
def test_what_is_no_digest_is_not_written(dockerfile: Path, answer: str) -> None:
    """A registry that says something odd stops it."""
    before = dockerfile.read_text(encoding="utf-8")

    done = _pin(dockerfile, answer)

    assert done.returncode != 0
    assert "not a digest" in done.stderr
    assert dockerfile.read_text(encoding="utf-8") == before
