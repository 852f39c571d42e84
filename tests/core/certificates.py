"""Certificate authorities and what a replica sees of them, for the tests of what is decided."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from ecr_secrets.core.authority import Authority, Leaf, Lifetimes, Role
from ecr_secrets.core.rotation_view import Bundle, Observed
from tests.core.builders import HOUR, MINUTE, NOON

DAY = 24 * HOUR
LIFETIMES = Lifetimes(authority=300 * DAY, leaf=6 * DAY, overlap=MINUTE)


def an_authority(
    name: str = "a",
    role: Role = "Signing",
    *,
    age: timedelta = timedelta(0),
    life: timedelta = LIFETIMES.authority,
    has_key: bool | None = None,
    retire_in: timedelta | None = None,
) -> Authority:
    """Make one.

    Args:
        age: for how long it is valid already.
        has_key: None: as befits its role.
        retire_in: from noon on; None: it is not said.
    """
    return Authority(
        fingerprint=name,
        not_before=NOON - age,
        not_after=NOON - age + life,
        role=role,
        has_key=role != "Retired" if has_key is None else has_key,
        retire_at=None if retire_in is None else NOON + retire_in,
    )


def a_leaf(
    issuer: Authority, *, age: timedelta = timedelta(0), life: timedelta = LIFETIMES.leaf
) -> Leaf:
    """Make a serving certificate, valid for as long as `age` already."""
    return Leaf(issuer=issuer, not_before=NOON - age, not_after=NOON - age + life)


def a_bundle(
    *authorities: Authority,
    astray: Mapping[str, timedelta] | None = None,
    tidy: bool = True,
) -> Bundle:
    """Make a bundle of these."""
    names = {authority.fingerprint: authority.not_after for authority in authorities}
    return Bundle(
        trusted=names,
        tidy=tidy,
        astray=astray or {},
    )


def a_view(*record: Authority, **other: object) -> Observed:
    """See a record, its authorities in the bundle for an hour, served with by a new leaf."""
    signing = next((one for one in record if one.role == "Signing"), None)
    view = Observed(
        record=record,
        bundle=a_bundle(*record),
        held={one.fingerprint: HOUR for one in record},
        leaf=a_leaf(signing) if signing else None,
    )
    return replace(view, **other)  # type: ignore[arg-type]  # any field of it
