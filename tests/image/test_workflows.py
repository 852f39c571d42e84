"""The workflows do what they are for, with no more rights than that takes."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from testbed.node.cgroups import withheld
from testbed.release import minors, selected_release
from tests.image.project import GITHUB, ROOT
from tests.image.workflows import FILES, commands, jobs, steps, uses, workflow

# What a job may besides reading the repository, and no other job may.
RIGHTS = {
    "release.image": {"attestations", "id-token", "packages"},
    "release.chart": {"attestations", "id-token", "packages"},
    "release.publish": {"attestations", "contents", "id-token"},
    "scheduled.propose": {"actions", "contents", "pull-requests"},
}
each_workflow = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
each_job = pytest.mark.parametrize("job", [pytest.param(job, id=place) for place, job in jobs()])


@each_workflow
def test_every_action_is_pinned_by_commit(path: Path) -> None:
    """A tag can be moved to other code; the comment says what the commit was."""
    for use in uses(path):
        assert re.fullmatch(r"[0-9a-f]{40}", use.commit), use
        assert re.fullmatch(r"v\d+\.\d+\.\d+", use.version), use


def test_every_action_is_pinned_once() -> None:
    """One action has one commit everywhere."""
    pins: dict[str, set[tuple[str, str]]] = {}
    for use in (use for path in FILES for use in uses(path)):
        repository = "/".join(use.action.split("/")[:2])
        pins.setdefault(repository, set()).add((use.commit, use.version))

    assert pins
    assert {action: pin for action, pin in pins.items() if len(pin) > 1} == {}


@each_workflow
def test_a_workflow_has_no_rights_of_its_own(path: Path) -> None:
    """Each job is given what it needs."""
    assert workflow(path.stem)["permissions"] == {}


@pytest.mark.parametrize(
    ("place", "job"), [pytest.param(place, job, id=place) for place, job in jobs()]
)
def test_only_publishing_jobs_may_write(place: str, job: dict[str, Any]) -> None:
    """And each of them only what it publishes."""
    rights: dict[str, str] = job["permissions"]

    assert {name for name, right in rights.items() if right == "write"} == RIGHTS.get(place, set())
    assert {name for name, right in rights.items() if right == "read"} <= {"contents"}


@each_job
def test_no_job_runs_for_ever(job: dict[str, Any]) -> None:
    """Unless it calls a workflow, whose jobs have limits themselves."""
    assert "uses" in job or 0 < job["timeout-minutes"] <= 60


@each_workflow
def test_two_runs_do_not_meet(path: Path) -> None:
    """Only checks of what is outdated are cancelled, never a release half-way."""
    concurrency = workflow(path.stem)["concurrency"]

    assert concurrency["group"].startswith(f"{path.stem}")
    assert concurrency["cancel-in-progress"] is (path.stem == "ci")


@pytest.mark.parametrize("step", [pytest.param(step, id=place) for place, step in steps()])
def test_no_step_puts_an_expression_into_a_script(step: dict[str, Any]) -> None:
    """What somebody else may have written reaches a shell only as a variable."""
    assert "${{" not in step.get("run", "")
    if str(step.get("uses", "")).startswith("actions/checkout@"):
        assert step["with"]["persist-credentials"] is False


def test_nothing_of_a_pull_request_runs_with_our_rights() -> None:
    """Neither its code nor what its author may set off."""
    events = {event for path in FILES for event in workflow(path.stem)["on"]}

    assert events == {
        "pull_request",
        "push",
        "schedule",
        "workflow_call",
        "workflow_dispatch",
    }


def test_ci_runs_what_a_newcomer_runs() -> None:
    """It has no checks of its own."""
    ci = workflow("ci")["jobs"]
    as_root = 'sudo --preserve-env env "PATH=$PATH" TESTBED_NODE=required '
    *_, pods = commands(ci["e2e"])
    others = {command for name, job in ci.items() if name != "e2e" for command in commands(job)}
    run = {*others, pods.removeprefix(as_root)}
    assert pods.startswith(as_root)  # or all of it is skipped
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert run == {"make check", "make programs", "make test", "make e2e", "make image"}
    for command in run:
        assert re.search(rf"^{command.removeprefix('make ')}:", makefile, re.MULTILINE)


def test_the_machine_of_real_pods_hands_down_what_a_kubelet_asks_for(tmp_path: Path) -> None:
    """Its systemd does not do so by itself, and then a node says what it lacks."""
    prepare, _ = commands(workflow("ci")["jobs"]["e2e"])
    says = re.fullmatch(
        r'echo "([+a-z ]+)" \| sudo tee /sys/fs/cgroup/cgroup.subtree_control', prepare
    )
    assert says
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory hugetlb pids rdma misc")
    (tmp_path / "cgroup.subtree_control").write_text(says[1].replace("+", ""))

    assert withheld(tmp_path) == ()
    assert prepare in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_ci_covers_every_python_and_every_kubernetes() -> None:
    """From the oldest Python that may install it; each minor that the testbed has."""
    ci = workflow("ci")["jobs"]
    matrix = ci["test"]["strategy"]["matrix"]

    assert matrix == {
        "python": ["3.11", "3.12", "3.13", "3.14"],
        "kubernetes": list(minors()),
    }
    assert ci["programs"]["strategy"]["matrix"]["kubernetes"] == matrix["kubernetes"]
    for name in ("programs", "test"):
        assert ci[name]["env"] == {"TESTBED_KUBERNETES": "${{ matrix.kubernetes }}"}


def test_what_is_built_from_source_is_built_once() -> None:
    """Kept until something that decides what comes out changes; the same key on both sides."""
    ci = workflow("ci")["jobs"]
    kept, taken = (
        [step["with"] for step in ci[name]["steps"] if "cache" in step.get("uses", "")]
        for name in ("programs", "test")
    )
    sources = re.findall(r"'([^']+)'", kept[0]["key"])

    assert kept == taken
    assert "programs" in ci["test"]["needs"]
    assert "matrix.kubernetes" in kept[0]["key"]
    assert {"testbed/control-plane/**", "testbed/build.py", "testbed/release.py"} <= set(sources)
    assert all(list(ROOT.glob(source)) for source in sources)


def test_real_pods_find_what_was_built_for_them() -> None:
    """They run on the testbed's own minor, which the key of what is kept has to name."""
    ci = workflow("ci")["jobs"]
    (kept,), (taken,) = (
        [step["with"]["key"] for step in ci[name]["steps"] if "cache" in step.get("uses", "")]
        for name in ("programs", "e2e")
    )
    minor, _, _ = selected_release({}).version.rpartition(".")

    assert taken == kept.replace("${{ matrix.kubernetes }}", minor)
    assert minor in ci["programs"]["strategy"]["matrix"]["kubernetes"]


def test_ci_builds_both_architectures_and_runs_each() -> None:
    """An image of the wrong architecture does not start."""
    image = workflow("ci")["jobs"]["image"]
    (build,) = [
        step["with"] for step in image["steps"] if "build-push-action" in step.get("uses", "")
    ]

    assert image["strategy"]["matrix"]["runner"] == ["ubuntu-24.04", "ubuntu-24.04-arm"]
    assert build["platforms"] == "linux/amd64,linux/arm64"
    assert build["push"] is False


def test_newer_locks_are_tested_before_they_are_proposed() -> None:
    """Opening a pull request takes a setting that is off at first, and may fail."""
    (script,) = commands(workflow("scheduled")["jobs"]["propose"])
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    steps = ("git push", "gh workflow run ci.yml", "gh pr create")
    assert sorted(steps, key=script.index) == list(steps)
    assert "Allow GitHub Actions to create and approve pull requests" in contributing


def test_every_module_of_the_testbed_is_kept_up_to_date() -> None:
    """Dependabot looks where the Go modules are."""
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text(encoding="utf-8"))["updates"]
    (go,) = [each for each in updates if each["package-ecosystem"] == "gomod"]
    looked_at = {
        path for pattern in go["directories"] for path in ROOT.glob(f"{pattern[1:]}/go.mod")
    }

    assert looked_at == set((ROOT / "testbed").rglob("go.mod"))
    assert any(each["package-ecosystem"] == "github-actions" for each in updates)
