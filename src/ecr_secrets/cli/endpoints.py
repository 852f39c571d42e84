"""What the operator answers on its ports: health, readiness, metrics; 404 for all else."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ecr_secrets.errors import ConfigurationError
from ecr_secrets.metrics import REGISTRY

_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.Response]]

# A reconcile has deadlines that add up to far less; one that is longer at it is stuck for ever.
STUCK_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Where health and readiness come from."""

    longest_busy: Callable[[], timedelta]  # how long the slowest worker is at its work
    unready: Callable[[], str]  # why no traffic should come here; "": it may

    async def healthz(self, _: web.Request) -> web.Response:
        """Answer whether the process gets on: that it answers shows that its loop does.

        Whether AWS or the API server can be reached does not enter: a restart mends neither.
        """
        busy = self.longest_busy()
        if busy > STUCK_AFTER:
            return web.Response(status=500, text=f"a worker is stuck for {busy.seconds} s\n")
        return web.Response(text="ok\n")

    async def readyz(self, _: web.Request) -> web.Response:
        """Answer whether everything has been seen once, and pods can be asked about."""
        problem = self.unready()
        if problem:
            return web.Response(status=503, text=f"{problem}\n")
        return web.Response(text="ok\n")


async def metrics(_: web.Request) -> web.Response:
    """Answer with all metrics, in the text format of Prometheus."""
    return web.Response(
        body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )


async def serve(
    routes: Mapping[str, _Handler], *, address: str, port: int, flag: str
) -> web.AppRunner:
    """Open a port, and return what to close again.

    Args:
        routes: a handler per path.
        address: to open the port on.
        port: to open.
        flag: names the port's setting in errors.

    Raises:
        ConfigurationError: the port cannot be opened.
    """
    application = web.Application()
    for path, handler in routes.items():
        application.router.add_get(path, handler)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, address, port).start()
    except OSError as error:
        await runner.cleanup()
        raise ConfigurationError(f"{flag}: {address}:{port}: {error.strerror}") from None
    return runner
