"""How a connection to the API server can fail, as our errors."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import aiohttp

from ecr_secrets.errors import UnavailableError


@contextmanager
def translated(asked: str, *, late: str) -> Iterator[None]:
    """Let none of the HTTP library's exceptions, and none of the system's, out.

    Args:
        asked: the request in words.
        late: what a time-out inside means.

    Raises:
        UnavailableError: in place of any of them.
    """
    try:
        yield
    except TimeoutError as error:
        raise UnavailableError(f"{asked}: {late}") from error
    except (aiohttp.ClientError, OSError) as error:
        raise UnavailableError(f"{asked}: {_describe(error)}") from error


_TEXTS: Sequence[tuple[type[Exception], str]] = (  # the first that fits
    (aiohttp.ClientPayloadError, "the answer broke off"),
    (aiohttp.ServerDisconnectedError, "the connection was closed without an answer"),
    (aiohttp.ClientResponseError, "not an HTTP answer"),
)


def _describe(error: Exception) -> str:
    """Say what happened; texts that may hold what was sent or received are left out."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = getattr(error.certificate_error, "verify_message", "") or "not valid"
        return f"the API server's certificate is not accepted: {reason}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect to {error.host}:{error.port}: {_strerror(error.os_error)}"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy refuses with status {error.status}"
    for kind, text in _TEXTS:
        if isinstance(error, kind):
            return text
    return _strerror(error) if isinstance(error, OSError) else type(error).__name__


def _strerror(error: OSError) -> str:
    return error.strerror or type(error).__name__
