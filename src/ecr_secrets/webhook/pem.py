"""Reads certificates and keys that somebody may have tampered with; sizes are bounded."""

import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

# What a certificate's or a key's content can make the library raise.
UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_MAX_BUNDLE = 256 * 1024  # bytes; what is longer is nothing of ours
_MAX_CERTIFICATE = 8 * 1024
_MAX_KEY = 4 * 1024
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


def load_certificates(pem: bytes) -> list[x509.Certificate]:
    """Read all certificates there are; whatever else there is is passed over."""
    if len(pem) > _MAX_BUNDLE:
        return []
    return [found for found in map(load_certificate, _BLOCK.findall(pem)) if found is not None]


def load_certificate(pem: bytes) -> x509.Certificate | None:
    """Read one certificate; None: it is none."""
    if len(pem) > _MAX_CERTIFICATE:
        return None
    try:
        return x509.load_pem_x509_certificate(pem)
    except UNREADABLE:
        return None


def load_key(pem: bytes) -> ec.EllipticCurvePrivateKey | None:
    """Read a private key; None: it is not an ECDSA key on P-256, without a password."""
    if len(pem) > _MAX_KEY:
        return None
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except UNREADABLE:
        return None
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    return None


def is_pair(certificate: bytes, key: bytes) -> bool:
    """Tell whether a key belongs to a certificate, both PEM."""
    loaded, loaded_key = load_certificate(certificate), load_key(key)
    if loaded is None or loaded_key is None:
        return False
    try:
        return loaded_key.public_key() == loaded.public_key()
    except UNREADABLE:  # the certificate's key is of a kind that the library does not know
        return False


def encode(certificate: x509.Certificate) -> bytes:
    """Write a certificate, always in the same way."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def encode_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Write a private key, without a password."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
