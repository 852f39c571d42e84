"""Why there was no answer, in our words: the libraries' may hold the password of a proxy."""

import ssl

import aiohttp

_TRANSPORT_PROBLEMS: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ConnectionTimeoutError, "no connection in time"),
    (aiohttp.SocketTimeoutError, "connected, but no answer in time"),
    (TimeoutError, "no whole answer in time"),
    (aiohttp.ClientConnectorDNSError, "the host name cannot be resolved"),
    (aiohttp.ClientProxyConnectionError, "no connection to the proxy"),
    (aiohttp.ServerDisconnectedError, "the connection was closed without an answer"),
    (aiohttp.ClientPayloadError, "the answer broke off"),
    (aiohttp.ClientResponseError, "the answer is not HTTP"),
)


def transport_problem(error: Exception) -> str:
    """Say in our words why there is no answer."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        certificate = error.certificate_error
        why = getattr(certificate, "verify_message", "") or type(certificate).__name__
        return f"its TLS certificate is not accepted: {why}; AWS_CA_BUNDLE names other authorities"
    if isinstance(error, aiohttp.ClientConnectorSSLError | ssl.SSLError):
        return "TLS cannot be agreed on"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered HTTP {error.status}"
    for kind, problem in _TRANSPORT_PROBLEMS:
        if isinstance(error, kind):
            return problem
    reason = getattr(error, "strerror", None)
    return str(reason) if reason else type(error).__name__
