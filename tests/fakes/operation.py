"""A controller at work on credentials in memory, with an AWS and writes that take their time."""

import asyncio
from collections.abc import Collection, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self, cast

from ecr_secrets.controller.contests import Contests
from ecr_secrets.controller.controller import RETRY_CAP, RETRY_FLOOR, Controller
from ecr_secrets.controller.demand import Demand
from ecr_secrets.controller.execute import Executor
from ecr_secrets.controller.reconcile import Reconciler
from ecr_secrets.controller.retries import Retries
from ecr_secrets.controller.secret_writer import SecretWriter
from ecr_secrets.controller.supply import Supply
from ecr_secrets.controller.writers import Writers
from ecr_secrets.core.content import Content
from ecr_secrets.core.credential import Credential, CredentialObject
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.plan import Observed
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.errors import OperatorError
from ecr_secrets.kube.workqueue import WorkQueue
from tests.core.builders import (
    HOUR,
    NOON,
    SECRET_NAME,
    SOURCE,
    a_content,
    a_credential_manifest,
    a_pull_secret,
    a_token,
)
from tests.fakes.kube import FakeKube

CREDENTIAL = "shop-ecr"
_PATIENCE = 1.0  # seconds that a look waits for AWS
_BACKOFF = timedelta(seconds=5)  # between two calls that fail
_EXPIRED = a_content(a_token(issued_at=NOON - 13 * HOUR))
_STALE = a_content(a_token(issued_at=NOON - 8 * HOUR))


@dataclass(frozen=True, slots=True)
class _Source:
    fingerprint: str = SOURCE


@dataclass(slots=True)
class _World:
    """What is there, seen without delay."""

    credentials: dict[str, CredentialObject]
    namespaces: frozenset[str]
    secrets: dict[ObjectKey, PullSecret]

    def credential(self, name: str) -> CredentialObject | None:
        return self.credentials.get(name)

    async def attend(self, _credential: Credential, _names: Collection[str]) -> None:
        pass

    def access(self, _credential: Credential) -> None:
        pass

    def observe(self, credential: Credential, _names: Collection[str]) -> Observed:
        found = {key: secret for key, secret in self.secrets.items() if _concerns(key, credential)}
        return Observed(namespaces=self.namespaces, secrets=found)

    def trouble(self, _credential: Credential) -> None:
        pass

    def release(self, _name: str) -> None:
        pass

    def note(self, secret: PullSecret) -> None:
        self.secrets[secret.key] = secret

    def is_overtaken(self, key: ObjectKey, found: PullSecret | None) -> bool:
        return self.secrets.get(key) != found


@dataclass(slots=True)
class _Supplier:
    """AWS: answers one credential after a while, and others not before a look gives up."""

    seconds: float
    content: Content
    error: OperatorError | None = None  # why it has no token
    calls: int = 0
    kept: Supply = field(default_factory=Supply)  # the last token
    looks: int = 0

    async def find_source(self, _credential: Credential, _access: None) -> _Source:
        self.looks += 1
        return _Source()

    async def supply(self, name: str, _source: _Source) -> Supply:
        if name != CREDENTIAL:
            await asyncio.sleep(_PATIENCE)
            return Supply()
        self.calls += 1
        await asyncio.sleep(self.seconds)
        if self.error:
            return Supply(errors={"eu-west-1": self.error}, retry_at=NOON + _BACKOFF)
        self.kept = Supply(content=self.content)
        return self.kept

    def at_hand(self, _source: _Source) -> Supply:
        return self.kept

    def forget(self, _name: str) -> None:
        pass


@dataclass(slots=True)
class _Teller:
    """Tells nobody."""

    overtaken: bool = False  # whether the object has always changed meanwhile

    def names(self, _manifest: CredentialObject) -> tuple[str, ...]:
        return ()

    async def announce(self, *_: object) -> None:
        pass

    async def conclude(self, *_: object) -> bool:
        return not self.overtaken

    async def tell(self, *_: object) -> bool:
        return True

    def forget(self, _name: str, *, uid: str) -> None:
        pass


@dataclass(frozen=True, slots=True)
class _SlowKube:
    """Takes its time for every write."""

    kube: FakeKube
    seconds: float

    async def apply(self, *words: Any, **details: Any) -> Any:
        await asyncio.sleep(self.seconds)
        return await self.kube.apply(*words, **details)

    async def delete(self, *words: Any, **details: Any) -> None:
        await self.kube.delete(*words, **details)


class Operation:
    """A replica with one credential, all of whose pull secrets have expired, and perhaps others.

    Only pods renew it.
    """

    def __init__(
        self,
        *namespaces: str,
        aws_seconds: float = 0,
        write_seconds: float = 0,
        hanging: int = 0,
        stale: bool = False,
        absent: str | None = None,
        leading: bool = True,
    ) -> None:
        """Prepare.

        Args:
            namespaces: of the credential.
            aws_seconds: that AWS takes for a token.
            write_seconds: that each write takes; 16 are done at the same time.
            hanging: how many other credentials there are, each of whose AWS hangs.
            stale: whether its pull secrets have not expired, but are past half of their life; AWS
                has nothing newer.
            absent: a namespace of the credential that does not exist.
            leading: whether it is the leader.
        """
        loop = asyncio.get_running_loop()
        self.kube = FakeKube()
        others = [f"hanging-{number}" for number in range(hanging)]
        manifests = {name: a_credential_manifest(name, name=name, uid=name) for name in others}
        listed = (*namespaces, absent) if absent else namespaces
        manifests[CREDENTIAL] = a_credential_manifest(*listed, refreshPolicy="OnPodAdmission")
        found = _STALE if stale else _EXPIRED
        self.secrets = {secret_of(name): a_pull_secret(name, found) for name in namespaces}
        self._supplier = _Supplier(aws_seconds, _STALE if stale else a_content())
        self._others = others
        self._teller = _Teller()
        world = _World(manifests, frozenset((*namespaces, *others)), self.secrets)
        self.queue: WorkQueue[str] = WorkQueue(floor=RETRY_FLOOR, cap=RETRY_CAP)
        self.demand = Demand(lambda name, after: self.queue.add(name, after, urgent=True))
        self._writers = Writers(at_once=16, per_second=0)
        retries = Retries(clock=loop.time, random=lambda: 0.0)
        kube = cast("Any", _SlowKube(self.kube, write_seconds))
        executor = Executor(
            writer=SecretWriter(kube, world, retries, Contests(clock=loop.time)),
            writers=self._writers,
            pass_length=timedelta(seconds=1),
            look_again=self.queue.add,
            may_write=lambda name: leading or self.demand.is_owed(name),
            demand=self.demand,
        )
        reconciler = Reconciler(
            world=cast("Any", world),
            supplier=cast("Any", self._supplier),
            executor=executor,
            teller=cast("Any", self._teller),
            demand=self.demand,
            leading=lambda: leading,
            clock=lambda: NOON,
        )
        self._controller = Controller(
            reconciler.reconcile,
            self.queue,
            take_first=lambda _: (),
            tell_failure=self.demand.fail,
        )

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._writers.run()),
            asyncio.create_task(self._controller.run(4)),
        ]
        for name in self._others:
            self.queue.add(name)
        await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    def make_aws_fail(self, error: OperatorError | None) -> None:
        """Have AWS answer so from now on; None: well."""
        self._supplier.error = error

    def overtake_statuses(self, overtaken: bool) -> None:
        """Have somebody change the object before each status is written, or no more."""
        self._teller.overtaken = overtaken

    def aws_calls(self) -> int:
        """Count how often a token was asked for."""
        return self._supplier.calls

    def looks(self) -> int:
        """Count the looks so far."""
        return self._supplier.looks

    async def pod(self, namespace: str) -> float:
        """Wait as a pod does whose pull secret has expired; return for how many seconds.

        Raises:
            TimeoutError: for a minute.
        """
        return await self._wait_for(CREDENTIAL, namespace)

    def pods_that_hang(self) -> list[Coroutine[None, None, float]]:
        """Make a pod for each of the credentials whose AWS hangs."""
        return [self._wait_for(name, name) for name in self._others]

    async def _wait_for(self, credential: str, namespace: str) -> float:
        loop = asyncio.get_running_loop()
        asked = loop.time()
        async with asyncio.timeout(60):
            await self.demand.refresh_now(credential, secret_of(namespace))
        return loop.time() - asked


def secret_of(namespace: str) -> ObjectKey:
    """Name the pull secret of a namespace."""
    return ObjectKey(namespace, SECRET_NAME)


def _concerns(key: ObjectKey, credential: Credential) -> bool:
    return key.namespace in credential.namespaces
