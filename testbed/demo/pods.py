"""Pods of the demo: created, held or not, admitted, and followed until they could pull."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

from testbed.demo.api import Api
from testbed.demo.sight import Pod

# How long the operator holds a pod at most. A refresh that takes longer, on a machine that is very
# busy, is through by the second pull.
_BOUND = timedelta(seconds=1.5)


class Place(Protocol):
    """Where pods come to: a node, or what stands for one."""

    @property
    def runs(self) -> bool:
        """Whether a pod that can pull also runs there."""

    def image(self) -> str:
        """Name an image for a pod to come."""

    async def pull(self, namespace: str, name: str) -> int:
        """Wait for the first pull of a pod that was admitted; return the registry's answer."""

    async def pull_again(self, namespace: str, name: str) -> int:
        """Wait for what comes after a first pull that failed; return the registry's answer."""


class Pods:
    """Creates pods that name the pull secret."""

    def __init__(self, api: Api, place: Place, *, secret_name: str) -> None:
        """Choose what they are like.

        Args:
            api: where they are created.
            place: where they come to.
            secret_name: of the pull secret that they name.
        """
        self.created: tuple[Pod, ...] = ()  # grows when all of those created at once have pulled
        self._api = api
        self._place = place
        self._secret_name = secret_name

    async def create(self, namespace: str, count: int = 1) -> None:
        """Create pods, all at the same time, and follow each until it could pull.

        Raises:
            ControlPlaneError, OSError: one of them was not admitted.
        """
        # Connections are made before, so that what is measured is admission.
        await asyncio.gather(*(self._api.ask("GET", "/readyz") for _ in range(count)))
        pods = await asyncio.gather(*(self._create_one(namespace) for _ in range(count)))
        self.created += tuple(pods)

    async def _create_one(self, namespace: str) -> Pod:
        manifest = self._manifest()
        asked = time.monotonic()
        made = await self._api.ask("POST", f"/api/v1/namespaces/{namespace}/pods", manifest)
        held = timedelta(seconds=time.monotonic() - asked)
        name = made["metadata"]["name"]
        pod = Pod(namespace=namespace, held=held, answer=await self._place.pull(namespace, name))
        if not pod.pulls and held >= _BOUND:
            answer = await self._place.pull_again(namespace, name)
            pod = replace(pod, answer=answer, late=True)
        if pod.pulls and self._place.runs:
            pod = replace(pod, ran=timedelta(seconds=time.monotonic() - asked))
        return pod

    def _manifest(self) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"generateName": "shop-"},
            "spec": {
                "containers": [{"name": "shop", "image": self._place.image()}],
                "imagePullSecrets": [{"name": self._secret_name}],
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 1,
            },
        }
