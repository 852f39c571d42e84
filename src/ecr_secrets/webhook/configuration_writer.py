"""Reads and writes the webhook configuration; nothing that changed meanwhile is overwritten.

Whether somebody else has changed what was right is known here, and how often that is put up with.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from ecr_secrets.core.objects import Manifest, ObjectKey, ObjectMeta
from ecr_secrets.errors import ContestedError, NotFoundError
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.resource import Resource
from ecr_secrets.webhook.found_configuration import Found
from ecr_secrets.webhook.restraint import Restraint

log = logging.getLogger(__name__)

CONFIGURATIONS = Resource(
    group="admissionregistration.k8s.io",
    version="v1",
    plural="validatingwebhookconfigurations",
    namespaced=False,
)
_FIELD_MANAGER = "kube-ecr-secrets-operator"
# An apply with a resource version that no object can have creates, and never overwrites.
_ABSENT = {"resourceVersion": "1"}
# Somebody who changes it again and again is met so often, and then not for a while.
_MOST_HEALED, _WITHIN = 20, timedelta(seconds=30)


class ConfigurationWriter:
    """One replica's hand on the configuration.

    State is touched only between awaits of one event loop.
    """

    def __init__(self, client: Client, name: str, *, healed: Callable[[ObjectMeta], None]) -> None:
        """Prepare to write.

        Args:
            client: how to reach the API server.
            name: of the configuration.
            healed: is told when somebody else's change was undone.
        """
        self._client = client
        self._key = ObjectKey("", name)
        self._healed = healed
        self._restraint = Restraint(_MOST_HEALED, within=_WITHIN)
        self.kept: Found | None = None  # as it was when it was right; None: there should be none

    async def read(self) -> Found | None:
        """Return it as it is now; None: there is none.

        Raises:
            OperatorError: the API server did not say.
        """
        try:
            return await self._client.get(CONFIGURATIONS, self._key, into=Found)
        except NotFoundError:
            return None

    async def create(self, manifest: Manifest) -> Found:
        """Create it; one that exists by now is a `ConflictError`.

        Raises:
            OperatorError: the API server did not take it.
        """
        disturbed = self._is_disturbed(None)
        written = await self._client.apply(
            CONFIGURATIONS,
            self._key,
            {**manifest, "metadata": {**manifest["metadata"], **_ABSENT}},
            field_manager=_FIELD_MANAGER,
            force=False,
            into=Found,
        )
        return self._tell(written, disturbed=disturbed)

    async def change(self, found: Found, patch: Manifest) -> Found:
        """Merge into it; if it is no longer as it was found, that is a `ConflictError`.

        Raises:
            OperatorError: the API server did not take it.
        """
        disturbed = self._is_disturbed(found)
        written = await self._client.merge_patch(CONFIGURATIONS, self._key, patch, into=Found)
        return self._tell(written, disturbed=disturbed)

    async def remove(self, found: Found) -> None:
        """Delete it, if it is still as it was found.

        Raises:
            OperatorError: the API server did not take it.
        """
        try:
            await self._client.delete(
                CONFIGURATIONS, self._key, uid=found.metadata.uid, resource_version=found.version
            )
        except NotFoundError:
            return  # which is what was wanted
        log.info("webhook configuration removed")

    def _is_disturbed(self, found: Found | None) -> bool:
        """Tell whether somebody has changed what was right.

        Raises:
            ContestedError: again and again.
        """
        kept = self.kept
        if kept is None:
            return False
        if found and found.webhooks == kept.webhooks and kept.owners <= found.owners:
            return False
        if not self._restraint.take(asyncio.get_running_loop().time()):
            raise ContestedError("the webhook configuration is changed again and again")
        return True

    def _tell(self, written: Found, *, disturbed: bool) -> Found:
        log.info("webhook configuration written")
        if disturbed:
            self._healed(written.metadata)
        return written
