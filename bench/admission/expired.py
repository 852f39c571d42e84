"""Pods that meet an expired pull secret, while AWS takes its time.

The credentials have `refreshPolicy: OnPodAdmission`, so nothing but a pod refreshes them. Their
first tokens live for seconds, all later ones for as long as at AWS.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from bench.admission.creator import Creation
from bench.admission.measured import Load, Rescue
from bench.admission.scene import NAMESPACE, PULL_SECRET, Scene
from ecr_secrets.core.content import EXPIRY
from ecr_secrets.core.objects import ObjectMeta
from ecr_secrets.core.times import parse_time
from testbed.aws.faults import latency

AWS_DELAY = timedelta(milliseconds=100)
BURST = 50  # pods that name one secret
_CLIENTS = 32
_SINGLES = tuple(f"single-{number}" for number in range(10))  # a secret of its own for each pod
_SHARED = "shared"
_ALL = frozenset({*_SINGLES, _SHARED})  # credentials, each with a namespace of its own name
_SHORT = timedelta(seconds=4)  # to write all the secrets takes less
_LONG = timedelta(hours=12)  # fixed by ECR


async def make_namespaces(scene: Scene) -> None:
    """Create the namespaces; they stay."""
    await scene.site.cluster.make_namespaces(sorted(_ALL))


async def let_expire(scene: Scene) -> None:
    """Create the credentials, and return when their pull secrets have expired."""
    aws, cluster = scene.site.aws, scene.site.cluster
    aws.token_lifetime = _SHORT
    for name in sorted(_ALL):
        await cluster.set_access(name, aws.add_access_key())
        await cluster.set_credential(
            name, [name], secret_name=PULL_SECRET, refresh_policy="OnPodAdmission"
        )
    await scene.secrets_are({NAMESPACE, *_ALL})
    aws.token_lifetime = _LONG
    found = [each for each in await cluster.secrets(PULL_SECRET) if each.namespace in _ALL]
    left = max(map(_expiry_of, found)) - datetime.now(UTC)
    await asyncio.sleep(max(0.0, left.total_seconds()))


async def rescue(scene: Scene) -> tuple[Rescue, Rescue]:
    """Create pods that name the expired secrets: one after the other, and many at once."""
    return (
        await _rescue(scene, Load(1), _SINGLES),
        await _rescue(scene, Load(_CLIENTS), [_SHARED] * BURST),
    )


async def forget(scene: Scene) -> None:
    """Delete the credentials."""
    await scene.site.cluster.remove_credentials(_ALL)
    await scene.secrets_are({NAMESPACE})


async def _rescue(scene: Scene, load: Load, namespaces: Sequence[str]) -> Rescue:
    aws = scene.site.aws
    aws.reset_counters()
    aws.misbehave(latency(AWS_DELAY))
    batch, created = await scene.create("expired", load, namespaces)
    aws.behave()
    found = await scene.site.cluster.secrets(PULL_SECRET)
    return Rescue(
        batch=batch,
        secrets=len(set(namespaces)),
        aws_calls=aws.count(),
        in_time=count_in_time(created, found, now=datetime.now(UTC)),
        warned=sum(creation.warned for creation in created),
    )


def count_in_time(
    created: Iterable[Creation], secrets: Iterable[ObjectMeta], *, now: datetime
) -> int:
    """Count the pods that were admitted after a fresh secret was written in their namespace.

    Resource versions of one cluster grow with every write, whatever it is that is written.

    Args:
        created: pods.
        secrets: as they are afterwards.
        now: the present.
    """
    written = {
        secret.namespace: int(secret.resource_version)
        for secret in secrets
        if _expiry_of(secret) > now
    }
    return sum(
        creation.namespace in written and written[creation.namespace] < creation.version
        for creation in created
    )


def _expiry_of(secret: ObjectMeta) -> datetime:
    expiry = parse_time((secret.annotations or {}).get(EXPIRY))
    assert expiry is not None  # the operator writes it into every pull secret
    return expiry
