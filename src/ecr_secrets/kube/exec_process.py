"""Runs an exec plugin once: a command of the user's that prints credentials."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from ecr_secrets.errors import ConfigurationError, UnauthorizedError
from ecr_secrets.kube.exec_credential import ClusterInfo, render_exec_info

_MAX_OUTPUT = 1 << 20  # bytes; a credential with a certificate chain has some thousand
_STDOUT, _STDERR = 1, 2
_SHOWN = 300  # characters of what the plugin wrote to stderr: its end


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginCommand:
    """A command, and what it is told."""

    api_version: str
    command: str
    arguments: tuple[str, ...] = field(default=(), repr=False)
    environ: Mapping[str, str] = field(repr=False)  # all of it
    interactive_mode: str = "IfAvailable"  # or Never, or Always
    install_hint: str = ""
    cluster: ClusterInfo | None = None  # None: not to be told
    timeout: timedelta = timedelta(seconds=60)  # a person may have to log in meanwhile

    async def run(self) -> bytes:
        """Return what the command prints.

        Raises:
            ConfigurationError: the command does not exist, or needs a terminal and there is none.
            UnauthorizedError: it failed, printed too much or did not end in time. What it said on
                stderr is shown; what it printed, never.
        """
        transport, printed = await self._start()
        try:
            async with asyncio.timeout(self.timeout.total_seconds()):
                await printed.ended.wait()
        except TimeoutError as error:
            seconds = self.timeout.total_seconds()
            raise UnauthorizedError(f"{self.command}: not done within {seconds:g} s") from error
        finally:
            await _end(transport, printed)
        if printed.too_much:
            raise UnauthorizedError(f"{self.command}: printed more than {_MAX_OUTPUT} bytes")
        if code := transport.get_returncode():
            said = _shown(printed.content[_STDERR])
            raise UnauthorizedError(f"{self.command}: failed with exit code {code}{said}")
        return bytes(printed.content[_STDOUT])

    async def _start(self) -> tuple[asyncio.SubprocessTransport, "_Printed"]:
        interactive = self._interactive()
        info = render_exec_info(self.api_version, interactive=interactive, cluster=self.cluster)
        try:
            return await asyncio.get_running_loop().subprocess_exec(
                _Printed,
                self.command,
                *self.arguments,
                env={**self.environ, "KUBERNETES_EXEC_INFO": msgspec.json.encode(info).decode()},
                stdin=None if interactive else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                # Its own process group, so that its children end with it. Not with a terminal:
                # only the foreground group may read from one.
                start_new_session=not interactive,
            )
        except OSError as error:
            hint = f"; {self.install_hint.strip()}" if self.install_hint else ""
            raise ConfigurationError(
                f"exec plugin {self.command}: {error.strerror}{hint}"
            ) from error

    def _interactive(self) -> bool:
        if self.interactive_mode == "Never":
            return False
        terminal = sys.stdin is not None and sys.stdin.isatty()
        if self.interactive_mode == "Always" and not terminal:
            raise ConfigurationError(f"exec plugin {self.command}: needs a terminal to ask on")
        return terminal


class _Printed(asyncio.SubprocessProtocol):
    """Collects what the command writes, up to a bound."""

    def __init__(self) -> None:
        self.content = {_STDOUT: bytearray(), _STDERR: bytearray()}
        self.too_much = False
        # Done when the command has ended and its output is closed, or there was too much of it.
        self.ended = asyncio.Event()
        self.exited = asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.content[fd] += data
        if len(self.content[fd]) > _MAX_OUTPUT:
            self.too_much = True
            self.ended.set()

    def process_exited(self) -> None:
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the loop's call
        self.ended.set()


async def _end(transport: asyncio.SubprocessTransport, printed: _Printed) -> None:
    """Leave no process behind."""
    if transport.get_returncode() is None:
        # No such group: it shares ours, or has just ended; `close` kills what is left.
        with suppress(ProcessLookupError):
            os.killpg(transport.get_pid(), signal.SIGKILL)
    transport.close()
    with suppress(TimeoutError):  # only the kernel can keep a killed process any longer
        async with asyncio.timeout(1):
            await printed.exited.wait()


def _shown(said: bytearray) -> str:
    text = " ".join(said.decode(errors="replace").split())
    return f": {text[-_SHOWN:]}" if text else ""
