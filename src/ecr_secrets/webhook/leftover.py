"""Removes the webhook configuration that is left over when the webhook is switched off.

Nobody answers it any more, so it would cost each pod that it asks about a failed call.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from ecr_secrets.core.objects import ObjectMeta
from ecr_secrets.errors import OperatorError
from ecr_secrets.kube.client import Client
from ecr_secrets.webhook.configuration_writer import ConfigurationWriter

log = logging.getLogger(__name__)

_RETRY = timedelta(seconds=5)
_LOOK = timedelta(minutes=10)  # somebody may restore it


def _nobody(_: ObjectMeta) -> None:
    """Be told of what is written, which is nothing."""


class Leftover:
    """What the leader does about the webhook when there is none."""

    def __init__(
        self, client: Client, name: str, *, namespace: str, leading: Callable[[], bool]
    ) -> None:
        """Prepare; nothing happens before `run`.

        Args:
            client: how to reach the API server.
            name: of the configuration.
            namespace: the operator's own. A configuration that another namespace's operator made
                is none of our business.
            leading: whether it is our business at all.
        """
        self._writer = ConfigurationWriter(client, name, healed=_nobody)
        self._namespace = namespace
        self._leading = leading
        self._woken = asyncio.Event()
        self._reported = ""  # reason that was logged; "": none since all was well

    def wake(self) -> None:
        """Have a look soon: leadership has come or gone."""
        self._woken.set()

    async def run(self) -> None:
        """See to it that there is none, until cancelled."""
        while True:
            self._woken.clear()
            pause = _LOOK
            try:
                await self._remove()
                self._reported = ""
            except OperatorError as error:
                self._report(error)
                pause = _RETRY
            await self._rest(pause)

    async def _remove(self) -> None:
        if not self._leading():
            return
        found = await self._writer.read()
        if found and found.spares(self._namespace):
            await self._writer.remove(found)

    def _report(self, error: OperatorError) -> None:
        if error.reason != self._reported:
            self._reported = error.reason
            fields = {"reason": error.reason, "error": str(error)}
            log.warning("webhook configuration may be left over", extra=fields)

    async def _rest(self, pause: timedelta) -> None:
        try:
            async with asyncio.timeout(pause.total_seconds()):
                await self._woken.wait()
        except TimeoutError:
            return
