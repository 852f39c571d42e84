"""A serving certificate from elsewhere, such as cert-manager: files that are replaced at any time.

Offers what `Certificates` does, so the rest of the webhook need not know which of the two it has.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from ssl import SSLContext

from ecr_secrets.core.occurrences import Occurrence
from ecr_secrets.errors import ConfigurationError
from ecr_secrets.kube.file_mark import FileMark, mark_of
from ecr_secrets.webhook.bundle import verify_leaf
from ecr_secrets.webhook.pem import load_certificates
from ecr_secrets.webhook.tls_context import load_pair, make_context

log = logging.getLogger(__name__)

_INTERVAL = timedelta(seconds=1)  # between looks at the files


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """Where the files are."""

    certificate: Path  # --tls-cert-file
    key: Path  # --tls-key-file
    ca: Path  # --tls-ca-file


@dataclass(frozen=True, slots=True)
class _Content:
    certificate: bytes
    ca: bytes


class ServingFiles:
    """Always what is in the files, if it can be used.

    State is touched only between awaits of one event loop.
    """

    def __init__(
        self,
        files: TlsFiles,
        *,
        seen: Callable[[], bytes | None],
        publish: Callable[[], None],
        clock: Callable[[], datetime],
        tell: Callable[[Occurrence], None],
    ) -> None:
        """Load the files for the first time.

        Args:
            files: where they are.
            seen: returns the CA bundle of the webhook configuration; None: there is none.
            publish: is told that `bundle_for` has changed.
            clock: tells the time.
            tell: is told of what people should know.

        Raises:
            ConfigurationError: names the file that cannot be used.
        """
        self._files = files
        self._seen_bundle = seen
        self._publish = publish
        self._clock = clock
        self._tell = tell
        self.context: SSLContext = make_context()
        self._marks = self._look_at_files()
        self._content = self._load()

    @property
    def issued(self) -> bool:
        """Whether there is a certificate to serve with."""
        return True

    async def wait_issued(self) -> None:
        """Return at once: there has been a certificate since the beginning."""

    def is_trusted(self) -> bool:
        """Tell whether the API servers can verify us, going by the bundle in the cluster."""
        bundle = self._seen_bundle()
        trusted = self._content.ca if bundle is None else bundle
        return verify_leaf(self._content.certificate, trusted, now=self._clock())

    async def bundle_for(self, current: bytes | None) -> bytes | None:  # noqa: ARG002 - the other's signature
        """Return the bundle that a configuration is to have: that of the file."""
        return self._content.ca

    async def run(self) -> None:
        """Take in replaced files until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL.total_seconds())
            self.reload()

    def reload(self) -> None:
        """Take in the files, if they were replaced; what cannot be used leaves all as it is."""
        marks = self._look_at_files()
        if marks == self._marks:
            return
        self._marks = marks
        before = self._content
        try:
            self._content = self._load()
        except ConfigurationError as error:
            fields = {"reason": error.reason, "error": str(error)}
            log.warning("replaced certificate not used, the old one stays", extra=fields)
            self._tell(Occurrence("Warning", "WebhookCertificateNotReplaced", str(error)))
            return
        log.info("serving certificate replaced")
        if self._content.ca != before.ca:
            self._publish()

    def _load(self) -> _Content:
        certificate = _read(self._files.certificate, "--tls-cert-file")
        key = _read(self._files.key, "--tls-key-file")
        ca = _read(self._files.ca, "--tls-ca-file")
        if not load_certificates(ca):
            raise ConfigurationError(f"--tls-ca-file: {self._files.ca}: no PEM certificate")
        try:
            load_pair(self.context, certificate, key)
        except ConfigurationError as error:
            where = f"{self._files.certificate} and {self._files.key}"
            raise ConfigurationError(f"--tls-cert-file, --tls-key-file: {where}: {error}") from None
        return _Content(certificate, ca)

    def _look_at_files(self) -> tuple[FileMark | None, ...]:
        return tuple(map(_mark, (self._files.certificate, self._files.key, self._files.ca)))


def _read(path: Path, flag: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{flag}: {path}: {error.strerror}") from None


def _mark(path: Path) -> FileMark | None:
    try:
        return mark_of(path)
    except OSError:
        return None  # missing: loading it says so by name
