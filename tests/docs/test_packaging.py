"""What is shipped, installed and run is what the project says."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import yaml

from ecr_secrets.core.credential import parse_credential, read_credential

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_locked_package_has_a_version_and_hashes(lock: Path) -> None:
    """Nothing is installed that was not looked at when it was locked."""
    packages = re.split(r"\n(?=[a-z])", lock.read_text().strip())

    loose = [
        package.splitlines()[0]
        for package in packages
        if "==" not in package or "--hash=sha256:" not in package
    ]

    assert packages
    assert loose == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_no_lock_names_an_index(lock: Path) -> None:
    """Where packages come from is the business of whoever installs them."""
    assert not re.search(r"https?://|--index|--extra-index|--find-links", lock.read_text())


def test_ci_runs_the_test_command_of_the_readme() -> None:
    """What lands is what a newcomer would have run."""
    commands = (ROOT / ".ci" / "run").read_text().splitlines()

    assert commands[-1] == "make test"
    assert "\nmake test\n" in README


@pytest.mark.parametrize("target", ["demo", "test", "check", "bench"])
def test_make_has_the_targets_it_promises(target: str) -> None:
    """And explains each of them."""
    makefile = (ROOT / "Makefile").read_text()

    assert re.search(rf"^{target}:.*## .+", makefile, re.MULTILINE)


@pytest.mark.parametrize("command", ["ecr-secrets", "kubectl-ecr_secrets"])
def test_the_command_is_installed_under_both_names(command: str) -> None:
    """`kubectl ecr-secrets` finds the second one."""
    program = Path(sys.executable).with_name(command)

    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "pull secrets" in done.stdout


def test_the_example_of_the_readme_is_a_manifest_the_operator_understands() -> None:
    """Whoever copies it gets what it says."""
    example = re.search(r"<<'YAML'\n(.*?)\nYAML\n", README, re.DOTALL)
    assert example

    manifest = yaml.safe_load(example[1])
    manifest["metadata"] |= {"uid": "u", "generation": 1}
    credential = parse_credential(read_credential(msgspec.json.encode(manifest)))

    assert credential.namespaces == {"ns1", "ns2", "ns3", "ns4"}
    assert credential.secret_name == "ecr-login"
