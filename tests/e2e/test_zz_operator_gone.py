"""Pods that run do not notice what becomes of the operator. Last, since it is removed here."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import ecr_secrets
from testbed.operator import INSTALL, NAMESPACE, Operator, installation
from tests.cluster.replicas.pair import Pair
from tests.cluster.stage import Stage
from tests.e2e.workloads import STARTED, Workloads
from tests.nodes import needs_node

pytestmark = needs_node

_NEXT = "9.9.9"  # the version to come
_LONG = 3600  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container that runs, as the node reports it."""

    name: str
    started_at: str
    restarts: int


def test_running_pods_do_not_notice_the_end_of_the_operator(
    pair: Pair, stage: Stage, workloads: Workloads, tmp_path: Path
) -> None:
    """Killed, upgraded, removed: the same container goes on, and was never started again."""
    shop, image = workloads.make_namespace("shop"), workloads.image()
    stage.serve(shop)
    workloads.create_pod(shop, image)
    workloads.until_running(shop)
    before, pulls = _containers(workloads, shop), workloads.all_visits(image)
    assert [container.restarts for container in before] == [0]

    for operator in pair.replicas.values():
        pair.kill(operator)
    _until_synced(workloads, shop)
    assert _containers(workloads, shop) == before

    pair.until_whole()
    _upgrade(pair, tmp_path)
    assert {_version(operator) for operator in pair.replicas.values()} == {_NEXT}
    _until_synced(workloads, shop)
    assert _containers(workloads, shop) == before

    for operator in pair.replicas.values():
        pair.stop(operator)
    stage.site.control_plane.kubectl("delete", "-f", INSTALL)
    stage.until("it is removed", lambda: stage.api.find("Namespace", NAMESPACE) is None)
    stage.until("its secrets went with it", lambda: stage.find_secret(shop) is None)
    _until_synced(workloads, shop)
    assert _containers(workloads, shop) == before
    assert workloads.all_visits(image) == pulls


def _upgrade(pair: Pair, folder: Path) -> None:
    """Roll out a version to come: its manifests, then one replica after the other."""
    manifests, times = re.subn(r"(/version: )\d+\.\d+\.\d+", rf"\g<1>{_NEXT}", installation())
    assert times
    apply = ("apply", "--server-side", "--force-conflicts", "--filename", "-")
    pair.cluster.control_plane.kubectl(*apply, input=manifests)
    program = _next_program(folder)
    for old, new in (("a", "c"), ("b", "d")):
        pair.replace(old, new, program)
    pair.until_whole()


def _next_program(folder: Path) -> dict[str, str]:
    """Write the program as of the version to come, and return what has Python find it first.

    There is one tree, so it is told by what it says of itself alone.
    """
    package = Path(ecr_secrets.__file__).parent
    shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    about = folder / f"kube_ecr_secrets_operator-{_NEXT}.dist-info" / "METADATA"
    about.parent.mkdir()
    about.write_text(f"Metadata-Version: 2.1\nName: kube-ecr-secrets-operator\nVersion: {_NEXT}\n")
    return {"PYTHONPATH": str(folder)}


def _version(operator: Operator) -> str:
    """Return the version that a replica has started as."""
    (version,) = (line["version"] for line in operator.log() if "version" in line)
    return str(version)


def _until_synced(workloads: Workloads, namespace: str) -> None:
    """Change what may be changed of a pod, and wait until its kubelet has dealt with it."""
    deadline = workloads.pod(namespace)["spec"].get("activeDeadlineSeconds", _LONG) - 1
    changed = workloads.stage.api.merge(
        "Pod", "web", {"spec": {"activeDeadlineSeconds": deadline}}, namespace=namespace
    )
    generation = changed["metadata"]["generation"]
    workloads.stage.until(
        f"the kubelet has dealt with generation {generation} of the pod",
        lambda: workloads.pod(namespace)["status"].get("observedGeneration") == generation,
        STARTED,
    )


def _containers(workloads: Workloads, namespace: str) -> list[Container]:
    """Return the containers of the pod that run."""
    return [
        Container(
            name=status["containerID"],
            started_at=status["state"]["running"]["startedAt"],
            restarts=status["restartCount"],
        )
        for status in workloads.pod(namespace)["status"]["containerStatuses"]
        if "running" in status["state"]
    ]
