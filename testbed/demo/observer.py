"""Looks at everything, again and again: the API, the registry, the fake AWS."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from testbed.aws.server import FakeAws
from testbed.demo.changes import changes
from testbed.demo.cluster import Cluster
from testbed.demo.pods import Pods
from testbed.demo.prober import Prober
from testbed.demo.sight import PullSecret, Sight, Target
from testbed.operator import Operator
from testbed.registry import FakeRegistry, pull_check

_PAUSE = 0.2  # seconds between two looks: short against what people notice
_NOBODY = b"{}"  # a pull without a secret

# Is told of every look and of what changed since the one before.
Listener = Callable[[Sight, tuple[str, ...]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where to look."""

    cluster: Cluster
    aws: FakeAws
    registry: FakeRegistry
    operator: Operator
    pods: Pods


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is looked at, from before it exists."""

    credential: str  # name of the object
    secret_name: str  # of its pull secrets
    namespaces: tuple[str, ...]  # shown as soon as they exist, asked for or not
    host: str  # the registry that pulls are for


class Observer:
    """Takes looks, one at a time, and pulls in each namespace with what is there.

    State is touched only within a look.
    """

    def __init__(self, scene: Scene, subject: Subject) -> None:
        """Choose what to look at; the demo begins now."""
        self._scene = scene
        self._subject = subject
        self._prober = Prober()
        self._pulls_count = True
        self._one_at_a_time = asyncio.Lock()
        self._listeners: list[Listener] = []
        self._began = asyncio.get_running_loop().time()
        self.latest = Sight(elapsed=timedelta(), at=datetime.now(UTC))

    def listen(self, listener: Listener) -> None:
        """Tell somebody of every look from now on."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Look until cancelled.

        Raises:
            ControlPlaneError, OSError: the API server does not let us look.
        """
        while True:
            await self.look()
            await asyncio.sleep(_PAUSE)

    async def look(self) -> Sight:
        """Take a look that begins now, not before."""
        async with self._one_at_a_time:
            before = self.latest
            self.latest = after = await self._see(before)
            told = changes(before, after)
            for listener in self._listeners:
                listener(after, told)
            return after

    def count_pulls(self, *, count: bool) -> None:
        """Count pulls from now on, or not, while we let tokens expire and they fail by our doing.

        When counting begins again, nothing is expected of a namespace until it opens.
        """
        self._pulls_count = count

    @asynccontextmanager
    async def undisturbed(self, spare: Iterable[str] = ()) -> AsyncIterator[None]:
        """Take no look meanwhile, and do not count what is about to fail by our own doing."""
        async with self._one_at_a_time:
            self._prober.spare(spare)
            yield

    async def _see(self, before: Sight) -> Sight:
        elapsed = timedelta(seconds=asyncio.get_running_loop().time() - self._began)
        at = datetime.now(UTC)
        cluster, aws = self._scene.cluster, self._scene.aws
        credential = await cluster.credential(self._subject.credential)
        existing = await cluster.namespaces()
        secrets = await cluster.pull_secrets(self._subject.secret_name)
        known = [target.namespace for target in before.targets]
        asked_for = credential.namespaces if credential else ()
        prepared = [name for name in self._subject.namespaces if name in existing]
        names = dict.fromkeys((*known, *prepared, *asked_for, *sorted(secrets)))
        targets = [
            _follow(before.target(name), exists=name in existing, secret=secrets.get(name))
            for name in names
        ]
        answers = await asyncio.gather(*(self._pull(target) for target in targets))
        seen = tuple(
            replace(target, answer=answer) for target, answer in zip(targets, answers, strict=True)
        )
        for target in seen:
            expected = self._pulls_count and target.namespace in asked_for
            self._prober.note(target, expected=expected)
        return Sight(
            elapsed=elapsed,
            at=at,
            credential=credential,
            targets=seen,
            aws_down=aws.down,
            operator_down=self._scene.operator.process.exit_code is not None,
            aws_calls=aws.count(operation="ecr:GetAuthorizationToken"),
            api_writes=await cluster.operator_writes(),
            pulls=self._prober.pulls,
            pods=self._scene.pods.created,
        )

    async def _pull(self, target: Target) -> int | None:
        if not target.exists:
            return None
        config = target.secret.docker_config if target.secret else _NOBODY
        try:
            return await pull_check(config, self._subject.host, self._scene.registry.url)
        except ValueError:  # no kubelet could read it: it pulls without
            return await pull_check(_NOBODY, self._subject.host, self._scene.registry.url)


def _follow(before: Target, *, exists: bool, secret: PullSecret | None) -> Target:
    """Count refreshes: a later expiry in the same Secret is one."""
    old, refreshes = before.secret, before.refreshes
    if old and secret and old.uid == secret.uid and old.expires_at and secret.expires_at:
        refreshes += secret.expires_at > old.expires_at
    return Target(namespace=before.namespace, exists=exists, secret=secret, refreshes=refreshes)
