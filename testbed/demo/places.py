"""Where the pods of the demo come to: a real node, or, where there can be none, its first pull."""

import asyncio
import itertools
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from testbed.demo.api import Api
from testbed.demo.reading import read_pull_secret
from testbed.demo.sight import OPEN
from testbed.errors import ControlPlaneError
from testbed.registry import FakeRegistry, pull_check

_SHUT = 401  # the registry was asked without credentials; HTTP
_REFUSED = {"ErrImagePull", "ImagePullBackOff"}  # what the kubelet says of a pull that failed
_PAUSE = 0.1  # seconds between two looks at the pods of a node
# From admission to a container that runs: a second if all is well, more in a crowd, and after
# a pull that failed the kubelet's back-off of 10 to 20 s.
_LONGEST = timedelta(seconds=90)
_BACK_OFF = 2  # seconds of what stands for a node; a kubelet's 10 s are longer than tokens live


class Imagined:
    """Stands for a node: pulls as a kubelet would, with what the pull secret holds."""

    runs = False

    def __init__(self, api: Api, registry: FakeRegistry, *, host: str, secret_name: str) -> None:
        """Choose what is pulled.

        Args:
            api: where the pull secret is read.
            registry: where images are pulled.
            host: what their names begin with.
            secret_name: of the pull secret.
        """
        self._api = api
        self._registry = registry
        self._host = host
        self._secret_name = secret_name

    def image(self) -> str:
        """Name an image; nobody runs it."""
        return f"{self._host}/shop:1"

    async def pull(self, namespace: str, _name: str) -> int:
        """Ask the registry at once."""
        path = f"/api/v1/namespaces/{namespace}/secrets/{self._secret_name}"
        secret = read_pull_secret(await self._api.ask("GET", path))
        return await pull_check(secret.docker_config, self._host, self._registry.url)

    async def pull_again(self, namespace: str, name: str) -> int:
        """Ask it once more, a little later."""
        await asyncio.sleep(_BACK_OFF)
        return await self.pull(namespace, name)


class OnNode:
    """Follows pods on a real node until their container runs."""

    runs = True

    def __init__(self, api: Api, registry: FakeRegistry, *, host: str) -> None:
        """Choose what is pulled.

        Args:
            api: where pods are looked at.
            registry: where the node pulls.
            host: what the names of images begin with.
        """
        self._api = api
        self._registry = registry
        self._host = host
        self._numbers = itertools.count(1)
        self._looking = asyncio.Lock()
        self._looked = float("-inf")
        self._pods: Mapping[tuple[str, str], Mapping[str, Any]] = {}

    def image(self) -> str:
        """Name an image that the node does not have, so that it has to be pulled."""
        return f"{self._host}/shop-{next(self._numbers)}:1"

    async def pull(self, namespace: str, name: str) -> int:
        """Wait until the container runs, or its pull was refused."""
        return await self._until(namespace, name, give_up=True)

    async def pull_again(self, namespace: str, name: str) -> int:
        """Wait until the container runs, through the kubelet's back-off."""
        return await self._until(namespace, name, give_up=False)

    async def _until(self, namespace: str, name: str, *, give_up: bool) -> int:
        clock = asyncio.get_running_loop().time
        deadline = clock() + _LONGEST.total_seconds()
        while clock() < deadline:
            for status in await self._containers(namespace, name):
                state = status["state"]
                if "running" in state:
                    return OPEN
                if give_up and state.get("waiting", {}).get("reason") in _REFUSED:
                    return self._answer(status["image"])
            await asyncio.sleep(_PAUSE)
        raise ControlPlaneError(f"pod {namespace}/{name}: does not run after {_LONGEST}")

    def _answer(self, image: str) -> int:
        """Return what the registry last answered to whoever asked for an image."""
        path = f"/v2/{image.removeprefix(f'{self._host}/').partition(':')[0]}/"
        answers = [each.status for each in self._registry.visits if each.path.startswith(path)]
        return answers[-1] if answers else _SHUT

    async def _containers(self, namespace: str, name: str) -> list[Mapping[str, Any]]:
        """Return the state of a pod's containers; one look serves all who follow one."""
        clock = asyncio.get_running_loop().time
        async with self._looking:
            if clock() - self._looked >= _PAUSE:
                pods = (await self._api.ask("GET", "/api/v1/pods?resourceVersion=0"))["items"]
                self._pods = {
                    (pod["metadata"]["namespace"], pod["metadata"]["name"]): pod for pod in pods
                }
                self._looked = clock()
        status = self._pods.get((namespace, name), {}).get("status", {})
        found: list[Mapping[str, Any]] = status.get("containerStatuses", [])
        return found
