"""`ecr-secrets run`: what the process needs before it can be a replica, and how it ends."""

import asyncio
import gc
import logging
import os
import signal
import socket
from contextlib import AsyncExitStack
from datetime import timedelta
from importlib.metadata import version

from ecr_secrets.aws.ecr import Ecr
from ecr_secrets.aws.tokens import TokenSource
from ecr_secrets.cli.assemble import utc_now
from ecr_secrets.cli.aws import OwnAws
from ecr_secrets.cli.replica import Place, Replica
from ecr_secrets.controller.writers import FOR_PODS
from ecr_secrets.kube.access import ClusterAccess, load_access
from ecr_secrets.kube.client import Client
from ecr_secrets.settings import Config

log = logging.getLogger(__name__)

_LEASE_CONNECTIONS = 2


async def run(config: Config) -> None:
    """Run the operator until SIGTERM or SIGINT; work that has begun is finished first."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    access = await load_access(
        kubeconfig=config.kubeconfig, context=config.context, environ=os.environ
    )
    async with AsyncExitStack() as stack:
        # Room for the writes, those that pods wait for included, and beside them for status,
        # Events and lists; for what is urgent, there are as many workers again.
        writes = config.max_concurrent_writes * (1 + FOR_PODS)
        connections = writes + 2 * config.workers + 4
        client = await stack.enter_async_context(
            _client(access, config.request_timeout, connections)
        )
        lease_client = await stack.enter_async_context(
            _client(access, config.request_timeout, _LEASE_CONNECTIONS)
        )
        ecr = await stack.enter_async_context(Ecr(clock=utc_now))
        tokens = await stack.enter_async_context(TokenSource(ecr, clock=utc_now))
        namespace = config.namespace or access.namespace or "default"
        place = Place(
            client=client,
            lease_client=lease_client,
            aws=OwnAws(tokens, ecr),
            namespace=namespace,
            host=socket.gethostname(),
        )
        replica = Replica(config, place, stop)
        gc.freeze()  # what is here by now stays: full collections need not walk through it
        fields = {"version": version("kube-ecr-secrets-operator"), "namespace": namespace}
        log.info("operator started", extra=fields)
        await replica.run()
    log.info("operator stopped")


def _client(access: ClusterAccess, timeout: timedelta, connections: int) -> Client:
    return Client(access, timeout=timeout, connections=connections)
