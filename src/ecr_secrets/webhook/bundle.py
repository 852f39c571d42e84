"""The CA bundle: the authorities that an API server trusts when it asks the webhook."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from ecr_secrets.webhook.pem import UNREADABLE, encode, load_certificate, load_certificates

CA_NAME = "kube-ecr-secrets-operator-webhook-ca"  # how the names of our authorities begin
_MAX_CHAIN = 8  # certificates between a serving certificate and the one that is trusted


@dataclass(frozen=True, slots=True)
class CaCertificate:
    """The certificate of one of our authorities."""

    pem: bytes = field(repr=False)
    fingerprint: str  # SHA-256, in hexadecimal digits
    not_before: datetime
    not_after: datetime


def parse_ca(pem: bytes) -> CaCertificate | None:
    """Read the certificate of one of our authorities; None: it is none."""
    certificate = load_certificate(pem)
    return _ours(certificate) if certificate else None


def parse_bundle(pem: bytes) -> tuple[CaCertificate, ...]:
    """List our authorities in a CA bundle, in its order; whatever else is in it is passed over."""
    return tuple(ours for ours in map(_ours, load_certificates(pem)) if ours)


def render_bundle(certificates: Iterable[CaCertificate]) -> bytes:
    """Write a CA bundle; every replica writes the same."""
    unique = {certificate.fingerprint: certificate for certificate in certificates}
    ordered = sorted(unique.values(), key=lambda found: (found.not_before, found.fingerprint))
    return b"".join(certificate.pem for certificate in ordered)


def verify_leaf(chain: bytes, bundle: bytes, *, now: datetime) -> bool:
    """Tell whether who trusts the bundle can verify a serving certificate.

    Args:
        chain: PEM: the serving certificate, and after it those between it and the bundle.
        bundle: PEM.
        now: the instant at which.
    """
    served, trusted = load_certificates(chain), load_certificates(bundle)
    current = next(iter(served), None)
    for _ in range(_MAX_CHAIN):
        if current is None or not _is_valid(current, now):
            return False
        if _issuer(current, trusted, now):
            return True
        current = _issuer(current, served[1:], now)
    return False


def _issuer(
    certificate: x509.Certificate, candidates: Sequence[x509.Certificate], now: datetime
) -> x509.Certificate | None:
    issuers = (one for one in candidates if _is_valid(one, now) and _has_issued(one, certificate))
    return next(issuers, None)


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


def _is_valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc


def _ours(certificate: x509.Certificate) -> CaCertificate | None:
    """Take the facts of an authority, if its name says that it is ours."""
    try:
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (*UNREADABLE, x509.ExtensionNotFound):
        return None
    if not constraints.value.ca or not any(str(name.value).startswith(CA_NAME) for name in names):
        return None
    return CaCertificate(
        encode(certificate),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )
