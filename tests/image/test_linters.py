"""actionlint and zizmor find nothing in the workflows; neither asks the network."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.actionlint import provide_actionlint
from tests.image.project import GITHUB, ROOT
from tests.image.workflows import FILES

FAULTY = """\
name: Faulty
on: pull_request_target
jobs:
  one:
    runs-on: ubuntu-24.04
    needs: nobody
    steps:
      - run: echo ${{ github.event.pull_request.title }}
"""


def _actionlint(*paths: Path) -> subprocess.CompletedProcess[str]:
    # Whatever shellcheck a machine has or lacks, the verdict is the same.
    words = [str(provide_actionlint()), "-shellcheck=", "-pyflakes=", *map(str, paths)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def _zizmor(path: Path) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("zizmor"))
    words = [program, "--offline", "--no-progress", "--persona=auditor", "--strict-collection"]
    return subprocess.run([*words, str(path)], capture_output=True, text=True, check=False)


def test_actionlint_finds_nothing() -> None:
    """Every expression, name, event and input is one that exists."""
    done = _actionlint(*FILES)

    assert (done.returncode, done.stdout) == (0, "")


def test_zizmor_finds_nothing() -> None:
    """Not even what it says only to auditors; Dependabot's settings are looked at as well."""
    done = _zizmor(GITHUB)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("word", "lint"),
    [
        pytest.param("nobody", _actionlint, id="actionlint"),
        pytest.param("template-injection", _zizmor, id="zizmor"),
    ],
)
def test_a_linter_says_what_is_wrong(
    word: str, lint: Callable[[Path], subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """Silence above means that nothing is wrong, not that nobody looked."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    faulty = folder / "faulty.yml"
    faulty.write_text(FAULTY, encoding="utf-8")

    done = lint(faulty)

    assert done.returncode != 0
    assert word in done.stdout
