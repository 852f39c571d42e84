"""One replica's hand on the webhook configuration, on a real API server and step by step."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from ecr_secrets.core.objects import Manifest, ObjectMeta
from ecr_secrets.core.webhook_configuration import NAME, Registration, render_configuration
from ecr_secrets.errors import UnavailableError
from ecr_secrets.kube.access import load_access
from ecr_secrets.kube.client import Client
from ecr_secrets.webhook.registration import Registrar, Wishes
from testbed.certificates import Authority
from tests.cluster.api import Api, Object
from tests.cluster.other_operator import resting
from tests.cluster.stage import Site
from tests.fakes.eventually import eventually

KIND = "ValidatingWebhookConfiguration"
BUNDLE, NEXT = (Authority(name).certificate_pem for name in ("a", "b"))


@pytest.fixture(scope="module")
def api(site: Site) -> Iterator[Api]:
    """The shared control plane, with nobody at work there."""
    with resting(site) as rested:
        yield Api(rested.control_plane)


@dataclass
class Replica:
    """What one replica wishes for, and whether it leads; it takes a while to find out."""

    api: Api
    names: frozenset[str] | None = frozenset({"ecr-login"})
    bundle: bytes = BUNDLE
    leads: bool = True
    asked: int = 0  # for the bundle
    slow: asyncio.Event | None = None  # what finding out the bundle waits for
    told: list[ObjectMeta] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wishes = Wishes(lambda: self.names, self._bundle_for, self._render)

    async def _bundle_for(self, current: bytes | None) -> bytes:
        self.asked += 1
        if self.slow:
            await self.slow.wait()
        return self.bundle

    async def _render(self, names: frozenset[str], bundle: bytes) -> Manifest:
        return render_configuration(
            Registration(
                endpoint="https://127.0.0.1:1",
                ca_bundle=bundle,
                secret_names=names,
                namespace="operators",
                owner=None,
            )
        )

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Registrar]:
        """Have it look after the configuration."""
        file = str(self.api.control_plane.kubeconfig)
        access = await load_access(kubeconfig=file, context=None, environ={})
        async with Client(access) as client:
            registrar = Registrar(
                client,
                NAME,
                leading=lambda: self.leads,
                changed=lambda: None,
                healed=self.told.append,
            )
            running = asyncio.create_task(registrar.run(self.wishes))
            yield registrar
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def found(self) -> Object | None:
        """Return the configuration as it stands."""
        return self.api.find(KIND, NAME)

    async def become_registered(self, registrar: Registrar) -> Object:
        """Wait until the configuration is there, and seen to be right."""
        await eventually(lambda: registrar.seen() == self.bundle)
        found = self.found()
        assert found
        return found

    def edit(self, **fields: object) -> None:
        """Change a field of the webhook, as somebody might."""
        found = self.found()
        assert found
        self.api.merge(KIND, NAME, {"webhooks": [{**found["webhooks"][0], **fields}]})


async def test_before_the_credentials_are_known_nothing_is_removed(api: Api) -> None:
    """A replica that has just started does not take an empty list for the truth."""
    replica = Replica(api)
    async with replica.at_work() as registrar:
        before = await replica.become_registered(registrar)
    starting = Replica(api, names=None)
    async with starting.at_work() as registrar:
        await eventually(lambda: registrar.synced)
        registrar.wake()
        for _ in range(3):  # longer than a removal takes
            await registrar.read()
        with pytest.raises(UnavailableError, match="not been listed"):
            await registrar.publish(starting.wishes)
        kept = starting.found()

        starting.names = frozenset()
        registrar.wake()
        await eventually(lambda: starting.found() is None)

    assert kept == before


async def test_leadership_that_comes_while_it_looks_is_not_missed(api: Api) -> None:
    """What a replica saw before it led is not all that it has to see to now."""
    leader = Replica(api)
    async with leader.at_work() as registrar:
        await leader.become_registered(registrar)
    leader.edit(timeoutSeconds=30)
    heir = Replica(api, leads=False, slow=asyncio.Event())
    async with heir.at_work() as registrar:
        await eventually(lambda: heir.asked == 1)

        heir.leads = True
        registrar.wake()
        assert heir.slow
        heir.slow.set()

        await eventually(lambda: _timeout(heir) == 2)


async def test_who_does_not_lead_changes_nothing_but_the_bundle(api: Api) -> None:
    """A replica of another version, or one that is behind, starts no war with the leader."""
    leader = Replica(api)
    async with leader.at_work() as registrar:
        await leader.become_registered(registrar)
    leader.edit(timeoutSeconds=3)
    other = Replica(api, leads=False, bundle=NEXT, names=frozenset({"another"}))
    async with other.at_work() as registrar:
        await eventually(lambda: other.asked == 1)
        unchanged = registrar.seen()

        await registrar.publish(other.wishes)

        await eventually(lambda: registrar.seen() == NEXT)
    assert unchanged == BUNDLE
    assert _timeout(other) == 3
    assert "'ecr-login'" in str(other.found())


async def test_a_bundle_that_another_replica_heals_is_told_as_well(api: Api) -> None:
    """Whoever is first tells of it."""
    leader = Replica(api)
    async with leader.at_work() as registrar:
        await leader.become_registered(registrar)
    other = Replica(api, leads=False)
    async with other.at_work() as registrar:
        await eventually(lambda: other.asked == 1)
        found = other.found()
        assert found
        client = {**found["webhooks"][0]["clientConfig"], "caBundle": ""}
        other.edit(clientConfig=client)
        await eventually(lambda: registrar.seen() == b"")

        await registrar.publish(other.wishes)

        assert [about.name for about in other.told] == [NAME]
        await eventually(lambda: registrar.seen() == BUNDLE)


async def test_what_we_change_ourselves_is_not_told_as_healed(api: Api) -> None:
    """Names come and go, bundles rotate: that is nobody's attack."""
    replica = Replica(api)
    async with replica.at_work() as registrar:
        await replica.become_registered(registrar)

        replica.names = frozenset({"ecr-login", "another"})
        registrar.wake()
        await eventually(lambda: "'another'" in str(replica.found()))
        replica.bundle = NEXT
        registrar.renew()
        await eventually(lambda: registrar.seen() == NEXT)
        replica.names = frozenset()
        registrar.wake()
        await eventually(lambda: replica.found() is None)
        replica.names = frozenset({"ecr-login"})
        registrar.wake()
        await eventually(lambda: replica.found() is not None)

    assert replica.told == []


def _timeout(replica: Replica) -> int:
    found = replica.found()
    assert found
    return int(found["webhooks"][0]["timeoutSeconds"])
