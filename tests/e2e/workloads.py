"""What a team runs in its namespaces: pods and Deployments, and how they fare."""

import base64
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from testbed.registry import Visit, password_digest
from testbed.waiting import wait_for
from tests.cluster.api import Object
from tests.cluster.stage import HOST, Stage

STARTED = timedelta(seconds=60)  # a second when all is well; a pull that failed waits for longer
_SECRET = "ecr-login"
_NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True)
class Workloads:
    """A team at work in the corner of a test."""

    stage: Stage
    _namespaces: list[str] = field(default_factory=list)

    def make_namespace(self, short: str) -> str:
        """Make a namespace that pods can be created in."""
        name = self.stage.make_namespace(short)
        self._namespaces.append(name)
        self.stage.until("it takes pods", lambda: self._takes_pods(name))
        return name

    def leave(self) -> None:
        """Remove the namespaces; their pods end in the background."""
        for name in self._namespaces:
            self.stage.api.delete("Namespace", name)

    @staticmethod
    def image(host: str = HOST) -> str:
        """Name an image that no node has, and nobody else asks for."""
        return f"{host}/shop/image-{next(_NUMBERS)}:1"

    def create_pod(
        self,
        namespace: str,
        *images: str,
        name: str = "web",
        pull: str = "IfNotPresent",
        seconds: float = 0,
    ) -> None:
        """Create a pod that names the pull secret.

        Args:
            namespace: of the pod.
            images: one for each container.
            name: of the pod.
            pull: when, as Kubernetes calls it.
            seconds: after which each container ends, to be started again; 0: it stays.
        """
        metadata = {"name": name, "namespace": namespace}
        spec = _pod_spec(images, pull=pull, seconds=seconds)
        self.stage.api.create(
            {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        )

    def deploy(self, namespace: str, image: str, name: str = "web") -> None:
        """Create a Deployment of one pod."""
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": _pod_spec([image])}
        deployment = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"selector": {"matchLabels": labels}, "template": template},
        }
        self.stage.site.control_plane.kubectl("create", "-f", "-", input=json.dumps(deployment))

    def pods(self, namespace: str) -> list[Object]:
        """Return the pods of a namespace that are not on their way out."""
        pods = self.stage.api.list("Pod", namespace)
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def pod(self, namespace: str, name: str = "web") -> Object:
        """Return a pod that is there."""
        found = self.stage.api.find("Pod", name, namespace)
        assert found is not None
        return found

    def is_running(self, namespace: str, name: str = "web") -> bool:
        """Tell whether every container of a pod runs."""
        return _runs(self.pod(namespace, name))

    def until_running(self, namespace: str, name: str = "web", within: timedelta = STARTED) -> None:
        """Wait until every container of a pod runs."""
        wait_for(f"pod {namespace}/{name} runs", lambda: self.is_running(namespace, name), within)

    def until_deployed(self, namespace: str, within: timedelta = STARTED) -> None:
        """Wait until the pod of a Deployment runs."""
        wait_for(
            f"a pod of {namespace} runs", lambda: any(map(_runs, self.pods(namespace))), within
        )

    def waits_for(self, namespace: str, name: str = "web") -> set[str]:
        """Name what the containers of a pod wait for, such as `ErrImagePull`."""
        return {
            status["state"]["waiting"]["reason"]
            for status in self.pod(namespace, name)["status"].get("containerStatuses", [])
            if "waiting" in status["state"]
        }

    def troubles(self, namespace: str) -> list[str]:
        """Return what the kubelet said of pulls that failed, in all pods of a namespace."""
        events = self.stage.api.list("Event", namespace)
        failures = [each["message"] for each in events if each["reason"] in {"Failed", "BackOff"}]
        # Of a container that ends it says "restarting failed container".
        return [message for message in failures if "pull" in message.lower()]

    def visits(self, image: str) -> list[Visit]:
        """Return the requests for an image so far that showed credentials, oldest first."""
        return [visit for visit in self.all_visits(image) if visit.shown]

    def all_visits(self, image: str) -> list[Visit]:
        """Return the requests for an image so far, oldest first."""
        host, _, rest = image.partition("/")
        path = f"/v2/{rest.partition(':')[0]}/"
        visits = self.stage.aws.visits()
        return [one for one in visits if one.host == host and one.path.startswith(path)]

    def shown_by(self, namespace: str, host: str = HOST) -> str:
        """Return the digest of the password in the pull secret of a namespace, for a host."""
        config = json.loads(self.stage.secret(namespace).docker_config)
        user_and_password = base64.b64decode(config["auths"][host]["auth"]).decode()
        return password_digest(user_and_password.partition(":")[2])

    def _takes_pods(self, namespace: str) -> bool:
        return self.stage.api.find("ServiceAccount", "default", namespace) is not None


def _pod_spec(images: Sequence[str], *, pull: str = "IfNotPresent", seconds: float = 0) -> Object:
    same = {"imagePullPolicy": pull, **({"args": [str(seconds)]} if seconds else {})}
    containers = [
        {"name": f"c{number}", "image": image, **same} for number, image in enumerate(images)
    ]
    return {
        "containers": containers,
        "imagePullSecrets": [{"name": _SECRET}],
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
    }


def _runs(pod: Object) -> bool:
    statuses = pod["status"].get("containerStatuses", [])
    return bool(statuses) and all("running" in status["state"] for status in statuses)
