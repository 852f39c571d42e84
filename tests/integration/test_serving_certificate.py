"""What a certificate says, who verifies it, and how it comes into the TLS context."""

import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ecr_secrets.errors import ConfigurationError
from ecr_secrets.webhook.authority import CaWithKey, ServingNames, ServingPair, issue_leaf, make_ca
from ecr_secrets.webhook.bundle import parse_bundle, render_bundle, verify_leaf
from ecr_secrets.webhook.ca_record import Entry
from ecr_secrets.webhook.pem import encode, is_pair, load_key
from ecr_secrets.webhook.serving import ServingCertificate
from ecr_secrets.webhook.tls_context import load_pair, make_context
from testbed.certificates import Authority as StrangeAuthority
from tests.core.builders import HOUR, NOON, SECOND
from tests.core.certificates import DAY
from tests.integration.webhook_replicas import HOST, Caller, serving, utc_now

NAMES = ServingNames(
    dns_names=("kube-ecr-secrets-operator-webhook.operators.svc",), ip_addresses=(HOST, "::1")
)


@dataclass
class Served:
    """A serving certificate and the authority that signed it."""

    ca: CaWithKey
    pair: ServingPair


def issued(*, leaf_life: timedelta = 7 * DAY, ca_life: timedelta = 365 * DAY) -> Served:
    """Make both at noon."""
    ca = make_ca(now=NOON, lifetime=ca_life)
    return Served(ca, issue_leaf(ca, NAMES, now=NOON, lifetime=leaf_life))


def test_the_certificate_is_what_an_api_server_asks_for() -> None:
    """ECDSA P-256, for servers alone, under the names that we are called by and no other."""
    served = issued()

    leaf = x509.load_pem_x509_certificate(served.pair.certificate)
    key = leaf.public_key()
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value

    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert names.value.get_values_for_type(x509.DNSName) == list(NAMES.dns_names)
    assert names.value.get_values_for_type(x509.IPAddress) == [
        ip_address(address) for address in NAMES.ip_addresses
    ]
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not constraints.ca


def test_authorities_cannot_be_taken_for_one_another() -> None:
    """A verifier looks for the issuer by name first."""
    subjects = {
        x509.load_pem_x509_certificate(issued().ca.certificate.pem).subject for _ in range(3)
    }

    assert len(subjects) == 3


@pytest.mark.parametrize(
    ("life", "set_back"),
    [
        pytest.param(365 * DAY, HOUR, id="a-year"),
        pytest.param(10 * HOUR, HOUR, id="ten-hours"),
        pytest.param(10 * SECOND, SECOND, id="seconds"),
    ],
)
def test_a_verifier_whose_clock_lags_accepts_a_new_certificate(
    life: timedelta, set_back: timedelta
) -> None:
    """It is valid from an hour ago on; with a life of seconds, from a tenth of it."""
    served = issued(leaf_life=life, ca_life=life)

    assert served.pair.not_before == NOON - set_back
    assert served.ca.certificate.not_before == NOON - set_back
    assert served.pair.not_after == NOON + life


def test_a_certificate_never_outlives_its_authority() -> None:
    """Else it would be in use, and not be trusted."""
    served = issued(leaf_life=7 * DAY, ca_life=DAY)

    assert served.pair.not_after == served.ca.certificate.not_after == NOON + DAY


SERVED, OTHER = issued(), issued()
STRANGER = StrangeAuthority("a-stranger")


@pytest.mark.parametrize(
    ("bundle", "after", "expected"),
    [
        pytest.param(SERVED.ca.certificate.pem, timedelta(0), True, id="its-authority"),
        pytest.param(
            OTHER.ca.certificate.pem + SERVED.ca.certificate.pem, timedelta(0), True, id="both"
        ),
        pytest.param(
            b"junk\n" + SERVED.ca.certificate.pem + b"junk", timedelta(0), True, id="junk-around"
        ),
        pytest.param(OTHER.ca.certificate.pem, timedelta(0), False, id="another-authority"),
        pytest.param(b"", timedelta(0), False, id="empty"),
        pytest.param(b"junk", timedelta(0), False, id="junk"),
        pytest.param(b"x" * 1024 * 1024, timedelta(0), False, id="huge"),
        pytest.param(SERVED.pair.certificate, timedelta(0), False, id="itself"),
        pytest.param(
            SERVED.ca.certificate.pem, 7 * DAY - SECOND, True, id="a-second-before-its-end"
        ),
        pytest.param(SERVED.ca.certificate.pem, 7 * DAY, False, id="at-its-end"),
        pytest.param(SERVED.ca.certificate.pem, -HOUR, True, id="from-the-beginning"),
        pytest.param(SERVED.ca.certificate.pem, -HOUR - SECOND, False, id="before-it"),
    ],
)
def test_whether_a_bundle_verifies_a_certificate(
    bundle: bytes, after: timedelta, expected: bool
) -> None:
    """As the API server would see it."""
    assert verify_leaf(SERVED.pair.certificate, bundle, now=NOON + after) is expected


def test_a_chain_through_an_intermediate_is_verified() -> None:
    """As authorities outside the cluster like to issue them; its order does not matter."""
    root = SERVED.ca.certificate.pem
    root_name = x509.load_pem_x509_certificate(root).subject
    root_key = load_key(SERVED.ca.key)
    between_key, end_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "between")])
    assert root_key

    between = _signed(name, root_name, between_key.public_key(), root_key)
    end = _signed(x509.Name([]), name, end_key.public_key(), between_key)

    assert verify_leaf(end + between, root, now=NOON)
    assert verify_leaf(end + SERVED.pair.certificate + between, root, now=NOON)
    assert not verify_leaf(end, root, now=NOON)
    assert not verify_leaf(end + between, OTHER.ca.certificate.pem, now=NOON)


def test_an_authority_that_has_expired_verifies_nothing() -> None:
    """Also not a certificate that somebody let outlive it."""
    ca = make_ca(now=NOON, lifetime=HOUR / 2)
    key = load_key(ca.key)
    assert key
    name = x509.load_pem_x509_certificate(ca.certificate.pem).subject
    leaf = _signed(x509.Name([]), name, key.public_key(), key)

    assert verify_leaf(leaf, ca.certificate.pem, now=NOON + HOUR / 4)
    assert not verify_leaf(leaf, ca.certificate.pem, now=NOON + HOUR / 2)


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    by: ec.EllipticCurvePrivateKey,
) -> bytes:
    builder = x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=NOON - HOUR,
        not_valid_after=NOON + HOUR,
    )
    return encode(builder.sign(by, hashes.SHA256()))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["forwards", "backwards"])
def test_every_replica_writes_the_same_bundle(order: tuple[int, int]) -> None:
    """Or they would correct one another for ever."""
    ours = (SERVED.ca.certificate, OTHER.ca.certificate)

    bundle = render_bundle(ours[index] for index in order)

    assert bundle == render_bundle((*ours, *ours))
    assert set(parse_bundle(bundle)) == set(ours)


@pytest.mark.parametrize(
    "bundle",
    [
        pytest.param(STRANGER.certificate_pem, id="a-stranger"),
        pytest.param(SERVED.pair.certificate, id="no-authority"),
        pytest.param(
            STRANGER.issue_server(
                [HOST], ["kube-ecr-secrets-operator-webhook-ca-x"]
            ).certificate_pem,
            id="our-name-and-no-authority",
        ),
        pytest.param(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", id="broken"),
        pytest.param(SERVED.ca.certificate.pem * 1000, id="huge"),
    ],
)
def test_what_is_not_ours_has_no_place_in_the_bundle(bundle: bytes) -> None:
    """It is passed over, and so leaves the bundle when that is written anew."""
    assert parse_bundle(bundle) == ()


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param(SERVED.ca.key, True, id="its-own"),
        pytest.param(OTHER.ca.key, False, id="of-another"),
        pytest.param(b"junk", False, id="junk"),
        pytest.param(SERVED.ca.key * 100, False, id="huge"),
    ],
)
def test_a_key_counts_only_with_its_certificate(key: bytes, expected: bool) -> None:
    """A record that somebody edited must not make us sign what nobody verifies."""
    assert is_pair(SERVED.ca.certificate.pem, key) is expected


def under_password(key: bytes) -> bytes:
    """Encrypt a key."""
    return serialization.load_pem_private_key(key, password=None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )


@pytest.mark.parametrize(
    ("certificate", "key"),
    [
        pytest.param(SERVED.pair.certificate, OTHER.pair.key, id="key-of-another"),
        pytest.param(b"junk", SERVED.pair.key, id="no-certificate"),
        pytest.param(SERVED.pair.certificate, b"junk", id="no-key"),
        pytest.param(b"", b"", id="empty"),
        pytest.param(
            SERVED.pair.certificate, under_password(SERVED.pair.key), id="key-with-a-password"
        ),
    ],
)
async def test_what_cannot_be_served_with_leaves_the_old_in_use(
    certificate: bytes, key: bytes
) -> None:
    """The context is not changed by half, and no key is quoted."""
    now = utc_now()
    ca = make_ca(now=now, lifetime=HOUR)
    pair = issue_leaf(ca, NAMES, now=now, lifetime=HOUR)
    context = make_context()
    load_pair(context, pair.certificate, pair.key)

    with pytest.raises(ConfigurationError) as raised:
        load_pair(context, certificate, key)

    async with serving(context) as port:
        caller = await Caller.connect(port, ca.certificate.pem)
        assert await caller.ask()
        await caller.close()
    assert "KEY" not in str(raised.value)


def test_loading_leaves_no_file_and_no_descriptor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is never on a disk: it works without any place to write to."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o500)
    context = make_context()
    load_pair(context, SERVED.pair.certificate, SERVED.pair.key)
    descriptors = len(os.listdir("/proc/self/fd"))

    for _ in range(20):
        load_pair(context, SERVED.pair.certificate, SERVED.pair.key)

    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert os.listdir(tmp_path) == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # what it is about
@pytest.mark.parametrize(
    ("version", "accepted"),
    [
        pytest.param(ssl.TLSVersion.TLSv1_1, False, id="1.1"),
        pytest.param(ssl.TLSVersion.TLSv1_2, True, id="1.2"),
        pytest.param(ssl.TLSVersion.TLSv1_3, True, id="1.3"),
    ],
)
def test_old_tls_is_refused(version: ssl.TLSVersion, accepted: bool) -> None:
    """TLS 1.2 or newer."""
    context = make_context()
    load_pair(context, SERVED.pair.certificate, SERVED.pair.key)
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname = False
    asking.verify_mode = ssl.CERT_NONE
    asking.set_ciphers("ALL:@SECLEVEL=0")
    asking.minimum_version = asking.maximum_version = version

    assert _shakes_hands(asking, context) is accepted


def _shakes_hands(asking: ssl.SSLContext, answering: ssl.SSLContext) -> bool:
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client, server = asking.wrap_bio(down, up), answering.wrap_bio(up, down, server_side=True)
    done = 0
    for _ in range(6):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
            done += 1
    return done > 2


def test_a_replica_is_ready_only_with_a_living_certificate_that_is_trusted() -> None:
    """Without a configuration nobody asks, so then a living one is enough."""
    served = ServingCertificate()
    before = served.is_trusted(None, now=NOON)
    entry = Entry.announcing(SERVED.ca)

    served.install(SERVED.pair, entry.authority, SERVED.ca.certificate)

    assert not before
    assert served.is_trusted(None, now=NOON)
    assert served.is_trusted(SERVED.ca.certificate.pem, now=NOON)
    assert not served.is_trusted(b"", now=NOON)
    assert not served.is_trusted(None, now=NOON + 7 * DAY)


@pytest.mark.parametrize(
    "show",
    [
        pytest.param(lambda: repr(SERVED.ca), id="authority"),
        pytest.param(lambda: repr(SERVED.pair), id="pair"),
        pytest.param(lambda: repr(Entry.announcing(SERVED.ca)), id="entry"),
    ],
)
def test_no_key_is_shown(show: Callable[[], str]) -> None:
    """Neither whole nor in parts."""
    shown = show()

    for key in (SERVED.ca.key, SERVED.pair.key):
        assert key.decode().splitlines()[1][8:40] not in shown
    assert "PRIVATE" not in shown
