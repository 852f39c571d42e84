"""Which API server we trust, and which certificate we show it."""

import logging
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from ecr_secrets.errors import ConfigurationError
from ecr_secrets.kube.file_mark import FileMark, mark_of

log = logging.getLogger(__name__)

Pem: TypeAlias = Path | bytes  # a file that may be replaced, or the content itself


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsMaterial:
    """What a TLS context is made from."""

    ca: Pem | None = None  # None: the certificate authorities of the system
    certificate: Pem | None = field(default=None, repr=False)  # None: no client certificate
    key: Pem | None = field(default=None, repr=False)
    insecure: bool = False  # whether any server is trusted: asked for by the user

    @property
    def files(self) -> tuple[Path, ...]:
        """Those parts that somebody may replace while we run."""
        parts = (self.ca, self.certificate, self.key)
        return tuple(part for part in parts if isinstance(part, Path))


def build_context(material: TlsMaterial) -> ssl.SSLContext:
    """Make a context for connections to the API server.

    Raises:
        ConfigurationError: names the part that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    if material.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif material.ca is None:
        context.load_default_certs()
    else:
        _trust(context, material.ca)
    if material.certificate is not None and material.key is not None:
        _show(context, material.certificate, material.key)
    return context


def _trust(context: ssl.SSLContext, ca: Pem) -> None:
    try:
        context.load_verify_locations(cadata=_read(ca, "certificate-authority").decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise ConfigurationError(f"{_name(ca, 'certificate-authority')}: not PEM") from error


def _show(context: ssl.SSLContext, certificate: Pem, key: Pem) -> None:
    # The ssl module loads from files only. This one is readable by us alone (mode 0600), and gone
    # before the context is used.
    with tempfile.NamedTemporaryFile(prefix="ecr-secrets-") as file:
        file.write(_read(certificate, "client-certificate") + b"\n" + _read(key, "client-key"))
        file.flush()
        try:
            # A password, even a wrong one, keeps OpenSSL from asking for it on the terminal.
            context.load_cert_chain(file.name, password="")
        except (ssl.SSLError, ValueError) as error:
            names = (_name(certificate, "client-certificate"), _name(key, "client-key"))
            raise ConfigurationError(
                f"{' and '.join(names)}: not a PEM certificate with its key, without password"
            ) from error


def _read(part: Pem, field_name: str) -> bytes:
    if isinstance(part, bytes):
        return part
    try:
        return part.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{field_name}: {part}: {error.strerror}") from error


def _name(part: Pem, field_name: str) -> str:
    return f"{field_name}-data" if isinstance(part, bytes) else f"{field_name}: {part}"


class ReloadingTls:
    """Always the context of the certificates now on disk.

    A replaced file gives a new context. Connections belong to the context they were opened with,
    so the next request opens one with the new certificates.
    """

    def __init__(self, material: TlsMaterial) -> None:
        """Load everything for the first time.

        Raises:
            ConfigurationError: names the part that cannot be used.
        """
        self._material = material
        self._seen = self._marks()
        self._context = build_context(material)

    def __call__(self) -> ssl.SSLContext:
        """Return it; files that cannot be loaded leave the last good context in use."""
        seen = self._marks()
        if seen != self._seen:
            self._seen = seen
            try:
                self._context = build_context(self._material)
            except ConfigurationError as error:
                log.warning(
                    "replaced certificates cannot be loaded, the old ones stay in use: %s",
                    error,
                    extra={"reason": error.reason},
                )
        return self._context

    def _marks(self) -> tuple[FileMark | None, ...]:
        return tuple(_mark(path) for path in self._material.files)


def _mark(path: Path) -> FileMark | None:
    try:
        return mark_of(path)
    except OSError:
        return None  # missing: `build_context` says so by name
