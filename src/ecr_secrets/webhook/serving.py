"""The serving certificate of this replica: its key exists in memory, nowhere else."""

import ssl
from dataclasses import dataclass
from datetime import datetime

from ecr_secrets.core.authority import Authority, Leaf
from ecr_secrets.webhook.authority import ServingPair
from ecr_secrets.webhook.bundle import CaCertificate, verify_leaf
from ecr_secrets.webhook.ca_record import Entry
from ecr_secrets.webhook.tls_context import load_pair, make_context


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    certificate: bytes
    issuer: Entry
    leaf: Leaf


class ServingCertificate:
    """What the webhook serves with, replaced while it does.

    State is touched only between awaits of one event loop.
    """

    def __init__(self) -> None:
        """Have a context without a certificate."""
        self.context: ssl.SSLContext = make_context()
        self._served: _Served | None = None

    @property
    def leaf(self) -> Leaf | None:
        """What is known of the certificate; None: there is none yet."""
        return self._served.leaf if self._served else None

    @property
    def issuer(self) -> Entry | None:
        """The authority that signed it, without its key; None: there is no certificate yet."""
        return self._served.issuer if self._served else None

    def install(self, pair: ServingPair, issuer: Authority, certificate: CaCertificate) -> None:
        """Serve new connections with this pair; those that are open stay as they are.

        Args:
            pair: the serving certificate with its key.
            issuer: the authority that signed it.
            certificate: that of the authority.
        """
        load_pair(self.context, pair.certificate, pair.key)
        self._served = _Served(
            certificate=pair.certificate,
            issuer=Entry(authority=issuer, certificate=certificate),
            leaf=Leaf(issuer=issuer, not_before=pair.not_before, not_after=pair.not_after),
        )

    def is_trusted(self, bundle: bytes | None, *, now: datetime) -> bool:
        """Tell whether an API server with this CA bundle can verify us.

        Args:
            bundle: PEM, from the webhook configuration; None: there is no such
                configuration, so nobody asks.
            now: the instant at which.
        """
        if self._served is None or not self._served.leaf.is_alive(now):
            return False
        return bundle is None or verify_leaf(self._served.certificate, bundle, now=now)
