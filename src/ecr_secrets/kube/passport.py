"""What is shown to the API server with every request, and shown anew when it was not accepted."""

from collections.abc import Mapping
from ssl import SSLContext
from typing import NamedTuple

from ecr_secrets.kube.access import ClusterAccess


class Shown(NamedTuple):
    """Who we say we are."""

    headers: Mapping[str, str]
    tls: SSLContext | None  # with our client certificate, if we have one; None: plain HTTP


async def show(access: ClusterAccess) -> Shown:
    """Return what is current.

    Raises:
        UnauthorizedError: there is nothing to show at the moment.
    """
    headers = await access.credentials.headers()  # first: it may bring a new client certificate
    return Shown(headers, access.tls())


async def show_anew(access: ClusterAccess, refused: Shown) -> Shown:
    """Return something better than what was refused, if there is anything.

    Of many requests refused with the same credentials only the first has them replaced.

    Raises:
        UnauthorizedError: there is nothing to show at the moment.
    """
    current = await show(access)
    if current != refused:
        return current
    access.credentials.invalidate()
    return await show(access)
