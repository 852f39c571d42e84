"""What was not tested is counted, by the reason."""

import subprocess
import sys
from pathlib import Path

from testbed.operator import ROOT

_TESTS = """\
import pytest

needs_node = pytest.mark.skipif(True, reason="a node needs root")

@needs_node
@pytest.mark.parametrize("number", range(3))
def test_one(number): pass

@needs_node
def test_another(): pass

def test_a_third(): pytest.skip("no picture without matplotlib")
"""


def test_the_summary_counts_skipped_tests_by_reason(tmp_path: Path) -> None:
    """In one line each, wherever they stand."""
    (tmp_path / "test_skipped.py").write_text(_TESTS, encoding="utf-8")
    pytest = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", "/dev/null"]

    done = subprocess.run([*pytest, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "\n4 skipped: a node needs root\n" in done.stdout
    assert "\n1 skipped: no picture without matplotlib\n" in done.stdout
