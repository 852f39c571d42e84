"""A machine that can have no node says why, in one line."""

from pathlib import Path

import pytest

from testbed.node.cgroups import hierarchies, withheld
from testbed.node.obstacles import Machine, obstacle_of


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        pytest.param(Machine(), None, id="nothing"),
        pytest.param(Machine(system="darwin"), "a node needs Linux", id="other-system"),
        pytest.param(Machine(root=False), "a node needs root", id="not-root"),
        pytest.param(
            Machine(lacking=("runc",)),
            "a node needs runc, which this machine lacks",
            id="no-runc",
        ),
        pytest.param(
            Machine(lacking=("unshare", "runc")),
            "a node needs unshare and runc, which this machine lacks",
            id="two-programs",
        ),
        pytest.param(
            Machine(cgroups=False), "a node needs cgroups that can be written", id="no-cgroups"
        ),
        pytest.param(
            Machine(withheld=("cpu", "pids")),
            "a node needs '+cpu +pids' in /sys/fs/cgroup/cgroup.subtree_control",
            id="controllers-withheld",
        ),
        pytest.param(
            Machine(namespaces=False),
            "a node needs the right to make mount and PID namespaces",
            id="no-namespaces",
        ),
        pytest.param(
            Machine(system="darwin", root=False, lacking=("runc",)),
            "a node needs Linux",
            id="the-first-of-many",
        ),
    ],
)
def test_what_is_missing_is_said(machine: Machine, expected: str | None) -> None:
    """What a test that needs a node is skipped with."""
    assert obstacle_of(machine) == expected


@pytest.mark.parametrize(
    ("present", "handed_down", "expected"),
    [
        pytest.param("cpu io memory pids", "cpu io memory pids", (), id="all"),
        pytest.param("cpuset cpu io memory", "cpu memory", ("cpuset",), id="one-is-missing"),
        pytest.param("cpu io rdma", "cpu", (), id="those-that-nobody-wants"),
    ],
)
def test_controllers_that_are_withheld_are_named(
    tmp_path: Path, present: str, handed_down: str, expected: tuple[str, ...]
) -> None:
    """The kubelet refuses a cgroup that lacks one."""
    (tmp_path / "cgroup.controllers").write_text(present)
    (tmp_path / "cgroup.subtree_control").write_text(handed_down)

    assert withheld(tmp_path) == expected
    assert withheld(tmp_path / "cgroups-of-version-1") == ()


def test_a_hierarchy_that_is_mounted_twice_counts_once(tmp_path: Path) -> None:
    """A cgroup is made once in each, and could not be made a second time."""
    places = [tmp_path / "first", tmp_path / "second", Path("/dev")]  # two devices
    for place in places[:2]:
        place.mkdir()
    mounts = tmp_path / "mounts"
    unreachable = tmp_path / "hidden"
    lines = [f"cgroup {place} cgroup rw 0 0\n" for place in (unreachable, *places)]
    mounts.write_text("".join(["proc /proc proc rw 0 0\n", *lines]))

    assert hierarchies(mounts) == (places[0], places[2])
