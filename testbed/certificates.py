"""The certificates and keys of one control plane: ECDSA P-256 throughout, valid for a year."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFE = timedelta(days=365)
_SKEW = timedelta(hours=1)  # a clock that lags must not find the certificate "not yet valid"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its private key, both PEM."""

    certificate_pem: bytes
    key_pem: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The key that service-account tokens are signed with, and the one that verifies them."""

    private_pem: bytes = field(repr=False)
    public_pem: bytes

    @classmethod
    def create(cls) -> Self:
        """Make a new pair."""
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return cls(_key_pem(key), public)


class Authority:
    """A certificate authority that lives in memory; its key is never written down."""

    def __init__(self, common_name: str) -> None:
        """Make a new authority."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(common_name)
        builder = _builder(self._name, self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self._certificate = self._sign(builder.add_extension(_usage(ca=True), critical=True))

    @property
    def certificate_pem(self) -> bytes:
        """What clients and servers trust."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def issue_server(self, addresses: Iterable[str], names: Iterable[str]) -> Certificate:
        """Issue a serving certificate for IPv4 addresses and DNS names."""
        names = tuple(names)
        alternatives = [
            *(x509.DNSName(name) for name in names),
            *(x509.IPAddress(IPv4Address(address)) for address in addresses),
        ]
        return self._issue(
            _name(names[0]),
            x509.SubjectAlternativeName(alternatives),
            ExtendedKeyUsageOID.SERVER_AUTH,
        )

    def issue_client(self, user: str, groups: Sequence[str] = ()) -> Certificate:
        """Issue a client certificate; Kubernetes reads user and groups from its subject."""
        return self._issue(_name(user, groups), None, ExtendedKeyUsageOID.CLIENT_AUTH)

    def _issue(
        self,
        subject: x509.Name,
        alternatives: x509.SubjectAlternativeName | None,
        purpose: x509.ObjectIdentifier,
    ) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(subject, self._name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        )
        if alternatives is not None:
            builder = builder.add_extension(alternatives, critical=False)
        certificate = self._sign(builder)
        return Certificate(
            certificate.public_bytes(serialization.Encoding.PEM), key_pem=_key_pem(key)
        )

    def _sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return builder.add_extension(issuer, critical=False).sign(self._key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common_name: str, organizations: Sequence[str] = ()) -> x509.Name:
    return x509.Name(
        [
            *(x509.NameAttribute(NameOID.ORGANIZATION_NAME, name) for name in organizations),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
