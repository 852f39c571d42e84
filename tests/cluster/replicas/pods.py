"""Pods that are created, one or many, and what their makers were told."""

import http.client
import itertools
import json
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self
from urllib.parse import urlsplit

from testbed.control_plane import ControlPlane
from testbed.waiting import wait_for
from tests.cluster.replicas.cluster import Cluster

_MAKER = ("default", "default")  # the service account that creates them
_PATIENCE = 30  # seconds for one answer
_OPENED = timedelta(seconds=20)
_PAUSE = 0.05  # seconds between two pods of a thread

_NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """What came of creating a pod."""

    namespace: str
    status: int  # HTTP
    warnings: tuple[str, ...]


class PodMaker:
    """Creates pods that name a pull secret, over a connection that it keeps. Not thread-safe."""

    def __init__(self, cluster: Cluster) -> None:
        self._token = cluster.token
        tls = ssl.create_default_context(cadata=cluster.control_plane.ca_pem.decode())
        self._connection = http.client.HTTPSConnection(
            urlsplit(cluster.control_plane.url).netloc, context=tls, timeout=_PATIENCE
        )

    def create(self, namespace: str) -> Created:
        """Create a pod."""
        self._connection.request(
            "POST",
            f"/api/v1/namespaces/{namespace}/pods",
            json.dumps(_manifest()),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
        )
        answer = self._connection.getresponse()
        answer.read()
        return Created(
            namespace=namespace,
            status=answer.status,
            warnings=tuple(answer.headers.get_all("Warning", [])),
        )

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def create_pod(cluster: Cluster, namespace: str) -> Created:
    """Create one pod."""
    with closing(PodMaker(cluster)) as maker:
        return maker.create(namespace)


def a_token(control_plane: ControlPlane) -> str:
    """Let a service account do everything, and return its token."""
    namespace, name = _MAKER
    control_plane.kubectl(
        "create", "clusterrolebinding", "pod-makers",
        "--clusterrole=cluster-admin", f"--serviceaccount={namespace}:{name}",
    )  # fmt: skip
    return control_plane.token_for(namespace, name)


def until_open(cluster: Cluster, *namespaces: str) -> None:
    """Wait until pods may be created: each namespace is given a service account first."""
    paths = [f"/api/v1/namespaces/{name}/serviceaccounts/default" for name in namespaces]

    def open_() -> bool:
        request = cluster.control_plane.request
        return all(request("GET", path)[0] == http.HTTPStatus.OK for path in paths)

    wait_for("the namespaces are open", open_, _OPENED)


class PodLoad:
    """Creates pods without pause while it is entered, each thread one after the other."""

    def __init__(
        self,
        cluster: Cluster,
        namespaces: Sequence[str],
        *,
        threads: int,
        check: Callable[[Created], bool] = lambda _: True,
    ) -> None:
        """Prepare to create pods.

        Args:
            cluster: where.
            namespaces: in which, in turn.
            threads: how many at once.
            check: is asked about each pod right after its creation.
        """
        self._cluster = cluster
        self._namespaces = namespaces
        self._check = check
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._create, args=(number,), name=f"pods {number}")
            for number in range(threads)
        ]
        self.created: list[Created] = []
        self.wrong: list[Created] = []  # by the check
        self.problems: list[str] = []  # instead of pods

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _create(self, first: int) -> None:
        with closing(PodMaker(self._cluster)) as maker:
            for number in itertools.count(first):
                namespace = self._namespaces[number % len(self._namespaces)]
                if self._over.wait(_PAUSE):
                    return
                try:
                    created = maker.create(namespace)
                except (OSError, http.client.HTTPException) as error:
                    self.problems.append(f"{type(error).__name__}: {error}")
                    maker.close()
                    continue
                self.created.append(created)
                if not self._check(created):
                    self.wrong.append(created)


def _manifest() -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"pod-{next(_NUMBERS)}"},
        "spec": {
            "automountServiceAccountToken": False,
            "containers": [{"name": "main", "image": "example.com/image"}],
            "imagePullSecrets": [{"name": "ecr-login"}],
        },
    }
