"""Credentials from an exec plugin: kept until they expire, or are not accepted any more."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from ecr_secrets.kube.exec_credential import ExecCredential, parse_exec_credential
from ecr_secrets.kube.exec_process import PluginCommand
from ecr_secrets.kube.tls import TlsMaterial, build_context
from ecr_secrets.kube.token import bearer


class ExecPlugin:
    """A credential source, and the TLS context with the client certificate it may bring."""

    def __init__(
        self,
        command: PluginCommand,
        *,
        tls: TlsMaterial,
        context: Callable[[], ssl.SSLContext],
        clock: Callable[[], datetime],
    ) -> None:
        """Run nothing yet.

        Args:
            tls: what the plugin's client certificate is to be combined with.
            context: the TLS context when the plugin brings none.
        """
        self._command = command
        self._tls = tls
        self._plain_context = context
        self._clock = clock
        self._running = asyncio.Lock()  # one run serves everybody who waits
        self._credential: ExecCredential | None = None  # None: the plugin is to be run
        self._context: ssl.SSLContext | None = None  # None: no client certificate from the plugin

    async def headers(self) -> Mapping[str, str]:
        """Return the header with the plugin's token, running it when needed.

        Raises:
            ConfigurationError: the plugin cannot be run at all.
            UnauthorizedError: it failed, and said why, or printed something else.
        """
        async with self._running:
            if not self._usable():
                await self._run()
        token = self._credential.token if self._credential else None
        return bearer(token, source=self._command.command) if token else {}

    def context(self) -> ssl.SSLContext:
        """Return the TLS settings, with the client certificate that came last."""
        return self._context or self._plain_context()

    def invalidate(self) -> None:
        """Run the plugin again before the next request."""
        self._credential = None

    def _usable(self) -> bool:
        if self._credential is None:
            return False
        expires_at = self._credential.expires_at
        return expires_at is None or self._clock() < expires_at

    async def _run(self) -> None:
        credential = parse_exec_credential(
            await self._command.run(),
            api_version=self._command.api_version,
            source=self._command.command,
        )
        if credential.certificate is not None:
            material = replace(self._tls, certificate=credential.certificate, key=credential.key)
            self._context = build_context(material)
        self._credential = credential
