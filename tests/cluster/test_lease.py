"""Writes of a Lease on a real API server: what it accepts, and what it refuses."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from ecr_secrets.errors import ConflictError, NotFoundError
from ecr_secrets.kube.lease import LeaseSpec, claimed, format_micro_time
from testbed.control_plane import ControlPlane
from tests.cluster.elections import Office, an_office, utc_now


@pytest.fixture
async def office(control_plane: ControlPlane) -> AsyncIterator[Office]:
    """A Lease that is not there yet."""
    async with an_office(control_plane) as made:
        yield made


def _claim(identity: str, now: datetime | None = None) -> LeaseSpec:
    return claimed(None, identity, now=now or utc_now(), duration=timedelta(seconds=15))


@pytest.mark.parametrize("done", ["changed", "deleted", "replaced"])
async def test_a_write_over_an_unseen_change_is_refused(office: Office, done: str) -> None:
    """Of two that saw the same Lease, the second one to write finds out."""
    seen = await office.lease.write(None, _claim("a"))
    if done == "changed":
        await office.lease.write(seen, _claim("b"))
    else:
        await office.delete()
    if done == "replaced":
        await office.lease.write(None, _claim("b"))

    with pytest.raises(NotFoundError if done == "deleted" else ConflictError):
        await office.lease.write(seen, _claim("c"))

    left = await office.lease.read()
    assert (left and left.holder) == (None if done == "deleted" else "b")


async def test_a_creation_does_not_overwrite(office: Office) -> None:
    """Of two that saw no Lease, the second one to create it finds out."""
    first = await office.lease.write(None, _claim("a"))

    with pytest.raises(ConflictError):
        await office.lease.write(None, _claim("b"))

    assert await office.lease.read() == first


async def test_times_are_kept_to_the_microsecond(office: Office) -> None:
    """A renewal in the same millisecond is a change still."""
    instant = datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC)

    written = await office.lease.write(None, _claim("a", instant))

    assert written.spec.renew_time == format_micro_time(instant) == "2026-03-01T12:00:00.000001Z"
