"""The record of authorities: what is written, and what is made of whatever is found."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_secrets.core.authority import Authority
from ecr_secrets.errors import InternalError
from ecr_secrets.webhook.authority import make_ca
from ecr_secrets.webhook.ca_record import CaRecord, Entry, encode_record, parse_record, revise
from ecr_secrets.webhook.ca_secret import DATA_KEY, parse_secret
from tests.core.builders import HOUR, NOON
from tests.core.certificates import DAY, an_authority


def an_entry() -> Entry:
    """Make a new authority's."""
    return Entry.announcing(make_ca(now=NOON, lifetime=365 * DAY))


FIRST, SECOND_ONE = an_entry(), an_entry()
SIGNING = replace(FIRST, authority=replace(FIRST.authority, role="Signing"))
RETIRED = replace(
    SECOND_ONE,
    authority=replace(SECOND_ONE.authority, role="Retired", has_key=False, retire_at=NOON + HOUR),
    key=None,
)


def test_what_is_written_is_read_again() -> None:
    """All of it, so that any replica continues where another stopped."""
    record = parse_record(encode_record([SIGNING, RETIRED, an_entry()]))

    assert record.entries[:2] == (SIGNING, RETIRED)
    assert record.entries[2].authority.role == "Announced"
    assert not record.damaged


def test_the_key_of_a_retired_authority_is_not_kept() -> None:
    """It has nothing to sign any more."""
    content = encode_record([replace(RETIRED, key=SECOND_ONE.key)])

    assert b"PRIVATE" not in content


def test_what_is_remembered_of_the_record_has_no_keys() -> None:
    """They are read when something is to be signed, and not kept."""
    record = parse_record(encode_record([SIGNING])).without_keys()

    assert record.entries[0].key is None
    assert record.authorities == (SIGNING.authority,)
    with pytest.raises(InternalError):
        record.signer(SIGNING.authority)


def edited(**fields: object) -> bytes:
    """Write a record whose first entry was edited; `...` leaves a field out."""
    record = msgspec.json.decode(encode_record([SIGNING, RETIRED]))
    changed = record["authorities"][0] | fields
    record["authorities"][0] = {name: value for name, value in changed.items() if value is not ...}
    return msgspec.json.encode(record)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(edited(certificate="junk"), id="certificate-broken"),
        pytest.param(edited(certificate=...), id="certificate-missing"),
        pytest.param(edited(certificate=7), id="certificate-of-another-type"),
        pytest.param(edited(role="King"), id="unknown-role"),
        pytest.param(edited(certificate=RETIRED.certificate.pem.decode()), id="one-twice"),
    ],
)
def test_one_broken_entry_does_not_take_the_others_along(content: bytes) -> None:
    """What can be read stays trusted, and the damage is noticed."""
    record = parse_record(content)

    assert record.entries == (RETIRED,)
    assert record.damaged


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(SECOND_ONE.key, id="of-another"),
        pytest.param(b"junk", id="broken"),
        pytest.param(None, id="missing"),
    ],
)
def test_an_authority_without_its_key_stays_trusted_and_does_not_sign(key: bytes | None) -> None:
    """What it has signed may be in use."""
    record = parse_record(edited(key=key.decode() if key else ...))

    assert record.authorities == (replace(SIGNING.authority, has_key=False), RETIRED.authority)
    assert record.entries[0].key is None


def test_a_record_of_another_version_is_not_read() -> None:
    """What it means is not known."""
    content = encode_record([SIGNING]).replace(b'"version":1', b'"version":2')

    assert parse_record(content) == CaRecord(damaged=True)


@given(st.binary())
def test_no_bytes_make_reading_fail(content: bytes) -> None:
    """Who may write the Secret may write anything."""
    assert parse_record(content) == CaRecord(damaged=True)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "certificate": _JSON | st.just(FIRST.certificate.pem.decode()),
                "role": _JSON | st.sampled_from(["Announced", "Signing", "Retired"]),
                "key": _JSON,
                "retireAt": _JSON | st.just("9999-12-31T23:59:59-23:00"),
            },
        ),
        max_size=4,
    )
)
def test_no_entries_make_reading_fail(entries: list[object]) -> None:
    """Nor does the right shape with anything in it."""
    content = msgspec.json.encode({"version": 1, "authorities": entries})

    assert len(parse_record(content).entries) <= 1


@pytest.mark.parametrize(
    ("secret", "damaged"),
    [
        pytest.param({"data": {DATA_KEY: "!"}}, True, id="not-base64"),
        pytest.param({"data": {"other": ""}}, True, id="another-key"),
        pytest.param({}, True, id="no-data"),
        pytest.param({"data": None}, True, id="data-null"),
    ],
)
def test_a_secret_with_anything_in_it_is_a_damaged_record(
    secret: dict[str, object], damaged: bool
) -> None:
    """It is there, and can be written over."""
    found = parse_secret(msgspec.json.encode({"metadata": {"name": "x", "uid": "u"}, **secret}))

    assert (found.uid, found.writable, found.record.damaged) == ("u", True, damaged)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"immutable": True}, id="immutable"),
        pytest.param({"type": "kubernetes.io/tls"}, id="of-another-type"),
    ],
)
def test_a_secret_that_cannot_be_written_over_is_recognised(fields: dict[str, object]) -> None:
    """It has to be deleted first."""
    found = parse_secret(msgspec.json.encode({"metadata": {"name": "x"}, **fields}))

    assert not found.writable


def test_a_revision_takes_certificates_from_where_they_are() -> None:
    """Of the record, or of what is served with; and keys only for those that sign."""
    retired = replace(SIGNING.authority, role="Retired", has_key=False, retire_at=NOON)

    entries = revise([SIGNING], [retired, RETIRED.authority], extra=[RETIRED])

    assert entries == (replace(SIGNING, authority=retired, key=None), RETIRED)


def test_a_revision_without_a_certificate_is_a_bug() -> None:
    """Nothing is written then."""
    unknown: Authority = an_authority("unknown")

    with pytest.raises(InternalError):
        revise([SIGNING], [unknown])
