"""The record of certificate authorities: what all replicas share, as it stands in its Secret."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import msgspec

from ecr_secrets.core.authority import Authority, Role
from ecr_secrets.core.times import format_time, parse_time
from ecr_secrets.errors import InternalError
from ecr_secrets.webhook.authority import CaWithKey
from ecr_secrets.webhook.bundle import CaCertificate, parse_ca
from ecr_secrets.webhook.pem import is_pair

_VERSION = 1
_MAX_RECORD = 256 * 1024  # bytes; what is longer is nothing of ours
_MAX_ENTRIES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One authority of the record."""

    authority: Authority
    certificate: CaCertificate
    key: bytes | None = field(default=None, repr=False)  # PEM; None: it signs nothing, or not here

    @classmethod
    def announcing(cls, ca: CaWithKey) -> Self:
        """Make the entry of an authority that is new."""
        certificate = ca.certificate
        authority = Authority(
            fingerprint=certificate.fingerprint,
            not_before=certificate.not_before,
            not_after=certificate.not_after,
            role="Announced",
            has_key=True,
        )
        return cls(authority=authority, certificate=certificate, key=ca.key)


@dataclass(frozen=True, slots=True)
class CaRecord:
    """All that could be read of the record."""

    entries: tuple[Entry, ...] = ()
    damaged: bool = False  # whether something could not be read

    @property
    def authorities(self) -> tuple[Authority, ...]:
        """The entries, as decisions see them."""
        return tuple(entry.authority for entry in self.entries)

    def without_keys(self) -> Self:
        """Leave the keys out, for what is kept in memory; `has_key` still tells of them."""
        entries = tuple(replace(entry, key=None) for entry in self.entries)
        return replace(self, entries=entries)

    def signer(self, authority: Authority) -> CaWithKey:
        """Return an authority of the record with its key.

        Raises:
            InternalError: the record does not hold its key.
        """
        for entry in self.entries:
            if entry.authority.fingerprint == authority.fingerprint and entry.key is not None:
                return CaWithKey(entry.certificate, key=entry.key)
        raise InternalError("the key of a certificate authority is not at hand")


class _Entry(msgspec.Struct, rename="camel", omit_defaults=True):
    certificate: str
    role: Role
    key: str | None = None
    retire_at: str | None = None


class _Record(msgspec.Struct):
    version: int
    authorities: list[msgspec.Raw]


def encode_record(entries: Iterable[Entry]) -> bytes:
    """Write the record; keys only of authorities that sign or are about to."""
    written = [
        _Entry(
            certificate=entry.certificate.pem.decode(),
            role=entry.authority.role,
            key=entry.key.decode() if entry.key and entry.authority.has_key else None,
            retire_at=format_time(retire_at) if (retire_at := entry.authority.retire_at) else None,
        )
        for entry in entries
    ]
    return msgspec.json.encode({"version": _VERSION, "authorities": written})


def parse_record(content: bytes | None) -> CaRecord:
    """Read the record, each entry for itself; nothing that is in it makes this fail."""
    if content is None or len(content) > _MAX_RECORD:
        return CaRecord(damaged=True)
    try:
        record = msgspec.json.decode(content, type=_Record)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return CaRecord(damaged=True)
    if record.version != _VERSION or len(record.authorities) > _MAX_ENTRIES:
        return CaRecord(damaged=True)
    read = [_parse_entry(raw) for raw in record.authorities]
    entries = _distinct(entry for entry in read if entry)
    return CaRecord(entries, damaged=len(entries) < len(read))


def _parse_entry(raw: msgspec.Raw) -> Entry | None:
    try:
        entry = msgspec.json.decode(raw, type=_Entry)
        certificate = parse_ca(entry.certificate.encode())
        key = entry.key.encode() if entry.key else None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if certificate is None:
        return None
    usable = key if key and is_pair(certificate.pem, key) else None
    authority = Authority(
        fingerprint=certificate.fingerprint,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        role=entry.role,
        has_key=usable is not None,
        retire_at=parse_time(entry.retire_at) if entry.role == "Retired" else None,
    )
    return Entry(authority=authority, certificate=certificate, key=usable)


def _distinct(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple({entry.authority.fingerprint: entry for entry in entries}.values())


def revise(
    entries: Sequence[Entry], authorities: Iterable[Authority], *, extra: Iterable[Entry] = ()
) -> tuple[Entry, ...]:
    """Give each authority that a step names its certificate, and its key if it is to have one.

    Args:
        entries: those of the record as it was read.
        authorities: as they are to be.
        extra: entries that may not have been in the record.

    Raises:
        InternalError: there is no certificate of one of them.
    """
    known = {entry.authority.fingerprint: entry for entry in (*extra, *entries)}
    revised: list[Entry] = []
    for authority in authorities:
        found = known.get(authority.fingerprint)
        if found is None:
            raise InternalError("the certificate of a certificate authority is not at hand")
        key = found.key if authority.has_key else None
        revised.append(replace(found, authority=authority, key=key))
    return tuple(revised)
