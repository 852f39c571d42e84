"""The TLS context that pods' reviews are answered on, and how a certificate gets into it."""

import os
import ssl

from ecr_secrets.errors import ConfigurationError


def make_context() -> ssl.SSLContext:
    """Make a server's context: TLS 1.2 or newer, HTTP/1.1, no certificate yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # Every handshake shows the certificate of the moment; a session resumed would not.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    return context


def load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Have new connections served with a certificate; those that are open stay as they are.

    To be called on the thread that the context is used on, so that no handshake falls between
    certificate and key.

    Args:
        context: may be in use.
        certificate: PEM, with those between it and the authority.
        key: PEM.

    Raises:
        ConfigurationError: they are not a pair, and the context is as before.
    """
    # The ssl module loads from files only. This one is memory of this process that looks like a
    # file: it needs no writable file system and never reaches a disk.
    with os.fdopen(os.memfd_create("serving-certificate"), "wb") as file:
        file.write(certificate + b"\n" + key)
        file.flush()
        path = f"/proc/self/fd/{file.fileno()}"
        try:
            # Loading is not atomic, so it is tried on the side first. A password, even a wrong
            # one, keeps OpenSSL from asking for it on the terminal.
            for target in (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), context):
                target.load_cert_chain(path, password="")
        except ssl.SSLError:
            raise ConfigurationError(
                "not a PEM certificate with its key, without password"
            ) from None
