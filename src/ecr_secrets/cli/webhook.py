"""The webhook of a replica, put together: certificates, server, registration."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from ecr_secrets.cli.webhook_settings import endpoint_of, files_of, lifetimes_of, names_of
from ecr_secrets.controller.events import Kind
from ecr_secrets.core.credential import Credential
from ecr_secrets.core.objects import Manifest, ObjectKey, ObjectMeta
from ecr_secrets.core.occurrences import Occurrence
from ecr_secrets.core.webhook_configuration import Registration, render_configuration
from ecr_secrets.kube.client import Client
from ecr_secrets.settings import Config
from ecr_secrets.webhook.admit import PodWebhook
from ecr_secrets.webhook.ca_secret import CaSecret
from ecr_secrets.webhook.certificates import Certificates
from ecr_secrets.webhook.owner import OwnerSearch
from ecr_secrets.webhook.registration import Registrar, Wishes
from ecr_secrets.webhook.server import WebhookServer
from ecr_secrets.webhook.serving_files import ServingFiles
from ecr_secrets.webhook.surroundings import Terms

_HEALED = Occurrence(
    "Warning", "WebhookConfigurationHealed", "somebody's change of the configuration was undone"
)
_SECRET = Kind("v1", "Secret")
_CONFIGURATION = Kind("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the webhook is told by the rest of the operator."""

    credentials: Callable[[], Iterable[Credential]]
    listed: Callable[[], bool]  # whether all credentials have been seen once
    wait_seen: Callable[[], Awaitable[object]]  # until they have, and their pull secrets
    leading: Callable[[], bool]
    record: Callable[[Kind, ObjectMeta, Occurrence], None]  # an Event
    clock: Callable[[], datetime]
    namespace: str  # the operator's own


class _Publication:
    """The registration, as the certificates see it."""

    def __init__(self, registrar: Registrar) -> None:
        self._registrar = registrar
        self.wishes: Wishes | None = None  # None: not wired yet

    def seen(self) -> bytes | None:
        return self._registrar.seen()

    async def read(self) -> bytes | None:
        return await self._registrar.read()

    async def publish(self) -> None:
        if self.wishes is None:
            raise RuntimeError("the registration was not wired")
        await self._registrar.publish(self.wishes)


class Webhook:
    """Everything of the webhook that runs in a replica."""

    def __init__(
        self,
        config: Config,
        client: Client,
        pods: PodWebhook,
        surroundings: Surroundings,
    ) -> None:
        """Put it together; nothing runs before `run`.

        Raises:
            ConfigurationError: a file or a lifetime cannot be used.
        """
        self._config = config
        self._client = client
        self._surroundings = surroundings
        self._endpoint = endpoint_of(config, surroundings.namespace)
        self._owner = OwnerSearch(client, config.webhook_owner)
        self._registrar = Registrar(
            client,
            config.webhook_configuration,
            leading=surroundings.leading,
            changed=self._look,
            healed=lambda about: surroundings.record(_CONFIGURATION, about, _HEALED),
        )
        publication = _Publication(self._registrar)
        self._certificates = self._keep_certificates(publication)
        self._wishes = Wishes(self._names, self._certificates.bundle_for, self._render)
        publication.wishes = self._wishes
        self._server = WebhookServer(pods, context=self._certificates.context)

    def wake(self) -> None:
        """Have the registration looked at: names may have come or gone, or leadership."""
        self._registrar.wake()

    def trouble(self) -> str:
        """Say why the API servers cannot ask us, as they should; "": they can."""
        if not self._certificates.issued:
            return "the webhook has no serving certificate yet"
        if not self._server.port:
            return "the webhook does not listen yet"
        if not self._registrar.synced:
            return "the webhook configuration is not listed yet"
        why = self._registrar.trouble or "not written yet"
        if self._registrar.seen() is None and self._names():
            return f"the webhook is not registered: {why}"
        if not self._certificates.is_trusted():
            return f"the webhook configuration does not trust the serving certificate: {why}"
        return ""

    async def run(self, stop: asyncio.Event) -> None:
        """Keep certificates and registration, and serve as soon as questions can be answered.

        Args:
            stop: set when no further question should be taken; those that are asked are answered.
        """
        async with asyncio.TaskGroup() as group:
            keepers = [group.create_task(self._certificates.run(), name="certificates")]
            signals = [
                group.create_task(self._wait_able(), name="able to answer"),
                group.create_task(stop.wait(), name="stop"),
            ]
            await asyncio.wait(signals, return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                await self._server.start(self._config.bind_address, self._config.webhook_port)
                registration = self._registrar.run(self._wishes)
                keepers.append(group.create_task(registration, name="registration"))
                await stop.wait()
                await self._server.close(self._config.shutdown_grace / 2)
            for task in (*keepers, *signals):
                task.cancel()

    async def _wait_able(self) -> None:
        """Wait until there is a certificate, and it is known which pull secrets are managed.

        And what stands there. Before, a pod would be told that its pull secret is none of ours, or
        wait for one that is fresh. Where the API server asks by URL, it does not wait for us to be
        ready.
        """
        await self._certificates.wait_issued()
        await self._surroundings.wait_seen()

    def _look(self) -> None:
        """See what has become of the record or of the configuration."""
        if isinstance(self._certificates, Certificates):
            self._certificates.look()

    def _record_changed(self) -> None:
        self._look()
        self._registrar.wake()  # there may be a first authority to trust now

    def _names(self) -> frozenset[str] | None:
        """Name the secrets that pods are asked about; None: not known yet."""
        if not self._surroundings.listed():
            return None
        return frozenset(each.secret_name for each in self._surroundings.credentials())

    async def _render(self, names: frozenset[str], bundle: bytes) -> Manifest:
        registration = Registration(
            name=self._config.webhook_configuration,
            endpoint=self._endpoint,
            ca_bundle=bundle,
            secret_names=names,
            namespace=self._surroundings.namespace,
            owner=await self._owner.find(),
        )
        return render_configuration(registration)

    def _keep_certificates(self, publication: _Publication) -> Certificates | ServingFiles:
        record, clock = self._surroundings.record, self._surroundings.clock
        files = files_of(self._config)
        if files:
            return ServingFiles(
                files,
                seen=publication.seen,
                publish=self._registrar.renew,
                clock=clock,
                tell=lambda told: record(_CONFIGURATION, self._registrar.about, told),
            )
        records = CaSecret(
            self._client,
            ObjectKey(self._surroundings.namespace, self._config.webhook_secret),
            self._record_changed,
        )
        return Certificates(
            records,
            publication,
            Terms(names=names_of(self._endpoint), lifetimes=lifetimes_of(self._config)),
            clock=clock,
            tell=lambda told: record(_SECRET, records.about, told),
        )
