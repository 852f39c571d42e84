"""Who sees to an expired pull secret, and what comes before the pod."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from bench.pods.measured import Outage, Start, Way
from bench.pods.recipe import paste_recipe
from bench.pods.scene import Scene

WAYS: dict[Outage, tuple[Way, ...]] = {
    "the operator was down": (
        "nothing", "the pasted recipe", "timer only", "this operator", "OnPodAdmission",
    ),
    "AWS was away": ("the pasted recipe", "timer only", "this operator"),
}  # fmt: skip
_HOPELESS = timedelta(seconds=30)  # how long a pod is watched that nobody helps
_PATIENCE = timedelta(minutes=2)  # the kubelet tries again after 10, 20 and 40 s


@dataclass(frozen=True, slots=True)
class Prepared:
    """The moment at which a pod may be applied."""

    uid: str  # of the pull secret that has expired
    step: timedelta  # that the pipeline has taken


async def measure(scene: Scene, outage: Outage, way: Way, *, name: str) -> Start:
    """Let a pull secret expire, and start a pod that names it.

    Args:
        scene: where.
        outage: why it expires.
        way: who sees to it.
        name: of the pod and of all that belongs to it.
    """
    await scene.make_namespace(name)
    async with _prepared(scene, outage, way, name) as prepared:
        patience = _HOPELESS if way == "nothing" else _PATIENCE
        running = await scene.start_pod(name, patience=patience)
        secret = await scene.secret(name)
        start = Start(
            outage=outage,
            way=way,
            running=running,
            watched=patience,
            step=prepared.step,
            refused=scene.refused(name),
            aws_calls=scene.site.aws.count(),
            replaced=secret["metadata"]["uid"] != prepared.uid,
        )
        await scene.clear(name)
    return start


def _prepared(
    scene: Scene, outage: Outage, way: Way, name: str
) -> AbstractAsyncContextManager[Prepared]:
    if way in {"nothing", "the pasted recipe"}:
        return _pipeline(scene, outage, way, name)
    return _operator(scene, outage, way, name)


@asynccontextmanager
async def _pipeline(scene: Scene, outage: Outage, way: Way, name: str) -> AsyncIterator[Prepared]:
    """Have a pipeline see to it, or nobody."""
    key = scene.site.aws.add_access_key()
    await paste_recipe(scene, name, key)
    uid = await _expired(scene, outage, name)
    step = timedelta() if way == "nothing" else await paste_recipe(scene, name, key)
    yield Prepared(uid, step)


@asynccontextmanager
async def _operator(scene: Scene, outage: Outage, way: Way, name: str) -> AsyncIterator[Prepared]:
    """Have the operator see to it; under `OnPodAdmission` it need not be down for that."""
    asked_only = way == "OnPodAdmission"
    is_down = outage == "the operator was down" and not asked_only
    async with scene.site.operator(webhook=way != "timer only") as operator:
        await scene.serve(name, "OnPodAdmission" if asked_only else "Always")
        if is_down:
            await asyncio.to_thread(operator.stop)
        uid = await _expired(scene, outage, name)
        if is_down:
            await asyncio.to_thread(operator.start)
        yield Prepared(uid, timedelta())
        await asyncio.to_thread(operator.stop)  # it gives its Lease up, so the next one leads


async def _expired(scene: Scene, outage: Outage, name: str) -> str:
    """Wait until the pull secret has expired, and return its UID."""
    await scene.let_expire(name, aws_away=outage == "AWS was away")
    uid: str = (await scene.secret(name))["metadata"]["uid"]
    return uid
