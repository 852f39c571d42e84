"""Makes certificate authorities and serving certificates: ECDSA P-256, no I/O, no clock.

Making a key takes a moment of computing: callers on the event loop go through a thread.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from secrets import token_hex

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ecr_secrets.errors import InternalError
from ecr_secrets.webhook.bundle import CA_NAME, CaCertificate, parse_ca
from ecr_secrets.webhook.pem import encode, encode_key, load_certificate, load_key

# A verifier's clock may lag behind ours.
_SET_BACK = timedelta(hours=1)
_SET_BACK_SHARE = 10  # but never more than this part of the life, which may be seconds in a test


@dataclass(frozen=True, slots=True)
class CaWithKey:
    """An authority that can sign."""

    certificate: CaCertificate
    key: bytes = field(repr=False)  # PEM


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingNames:
    """What the API server may call us by."""

    dns_names: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingPair:
    """A serving certificate with its key."""

    certificate: bytes = field(repr=False)  # PEM
    key: bytes = field(repr=False)  # PEM
    not_before: datetime
    not_after: datetime


def make_ca(*, now: datetime, lifetime: timedelta) -> CaWithKey:
    """Make a new authority; its name is unique, so that none can be taken for another."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"{CA_NAME}-{token_hex(8)}")
    builder = _builder(name, name, key.public_key(), now - _set_back(lifetime), now + lifetime)
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    builder = builder.add_extension(constraints, critical=True)
    builder = builder.add_extension(_usage(ca=True), critical=True)
    signed = builder.sign(key, hashes.SHA256())
    certificate = parse_ca(encode(signed))
    if certificate is None:
        raise InternalError("the authority that was just made cannot be read")
    return CaWithKey(certificate, key=encode_key(key))


def issue_leaf(
    ca: CaWithKey, names: ServingNames, *, now: datetime, lifetime: timedelta
) -> ServingPair:
    """Issue a serving certificate with a new key; it never outlives its authority.

    Raises:
        InternalError: the authority is not one.
    """
    issuer, issuer_key = load_certificate(ca.certificate.pem), load_key(ca.key)
    if issuer is None or issuer_key is None:
        raise InternalError("a certificate authority cannot be read")
    key = ec.generate_private_key(ec.SECP256R1())
    not_before = now - _set_back(lifetime)
    not_after = min(now + lifetime, ca.certificate.not_after)
    # No common name: verifiers go by the alternative names, and it holds 64 characters only.
    builder = _builder(x509.Name([]), issuer.subject, key.public_key(), not_before, not_after)
    for extension, critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(ca=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False),
        # Critical, since there is no other name: RFC 5280, 4.2.1.6.
        (x509.SubjectAlternativeName(_general_names(names)), True),
    ):
        builder = builder.add_extension(extension, critical=critical)
    signed = builder.sign(issuer_key, hashes.SHA256())
    return ServingPair(
        certificate=encode(signed),
        key=encode_key(key),
        not_before=signed.not_valid_before_utc,
        not_after=signed.not_valid_after_utc,
    )


def _general_names(names: ServingNames) -> Iterable[x509.GeneralName]:
    return [
        *(x509.DNSName(name) for name in names.dns_names),
        *(x509.IPAddress(ip_address(address)) for address in names.ip_addresses),
    ]


def _set_back(lifetime: timedelta) -> timedelta:
    return min(_SET_BACK, lifetime / _SET_BACK_SHARE)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before.replace(microsecond=0))  # X.509 knows whole seconds
        .not_valid_after(not_after.replace(microsecond=0))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


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
