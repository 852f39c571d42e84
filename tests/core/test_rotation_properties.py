"""What holds for certificates whatever happens, in whatever order."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.rotation_world import LIVES, Record, World

_LIFE = LIVES.authority.total_seconds()


def _quiet(draw: st.DataObject, world: World) -> None:
    world.pass_time(draw.draw(st.sampled_from([0.5, 1.0, 2.0, 5.0, 11.0])))


def _advance(draw: st.DataObject, world: World) -> None:
    replica = draw.draw(st.sampled_from(world.replicas))
    if not replica.frozen:
        for _ in range(draw.draw(st.integers(1, 4))):
            replica.advance()


def _settle(draw: st.DataObject, world: World) -> None:
    replica = draw.draw(st.sampled_from(world.replicas))
    if not replica.frozen:
        replica.settle()


def _register(draw: st.DataObject, world: World) -> None:
    world.register()


def _restart(draw: st.DataObject, world: World) -> None:
    draw.draw(st.sampled_from(world.replicas)).restart()


def _freeze(draw: st.DataObject, world: World) -> None:
    replica = draw.draw(st.sampled_from(world.replicas))
    replica.frozen = True


def _thaw(draw: st.DataObject, world: World) -> None:
    for replica in world.replicas:
        if replica.frozen:
            world.thaw(replica)


def _lose_record(draw: st.DataObject, world: World) -> None:
    world.tamper(Record())


def _lose_key(draw: st.DataObject, world: World) -> None:
    world.spoil(draw.draw(st.integers(0, 3)))


def _lose_entry(draw: st.DataObject, world: World) -> None:
    world.garble(draw.draw(st.integers(0, 3)))


def _restore_old_record(draw: st.DataObject, world: World) -> None:
    old = draw.draw(st.sampled_from(world.backups or [Record()]))
    world.tamper(old)


def _replace_record(draw: st.DataObject, world: World) -> None:
    world.tamper(Record((replace(world.new_authority(), role="Signing"),)))


def _back_up(draw: st.DataObject, world: World) -> None:
    world.backups.append(world.record)


def _empty_bundle(draw: st.DataObject, world: World) -> None:
    if world.trusted is not None:
        world.set_bundle({}, tampered=True)


def _delete_configuration(draw: st.DataObject, world: World) -> None:
    world.set_bundle(None, tampered=True)


Deed = Callable[[st.DataObject, World], None]
ORDINARY: list[Deed] = [
    _quiet,
    _quiet,
    _advance,
    _advance,
    _advance,
    _settle,
    _register,
    _restart,
    _freeze,
    _thaw,
]
HOSTILE: list[Deed] = [
    _lose_record, _replace_record, _lose_key, _lose_entry, _back_up, _restore_old_record,
    _empty_bundle, _delete_configuration,
]  # fmt: skip


@given(data=st.data(), deeds=st.lists(st.sampled_from(ORDINARY), min_size=20, max_size=80))
@settings(max_examples=150)
def test_every_certificate_in_use_is_trusted_at_every_moment(
    data: st.DataObject, deeds: list[Deed]
) -> None:
    """Replicas step in any order, crash, freeze and wake in the middle of anything.

    No step removes an authority with a living serving certificate either: the world checks both
    at every change.
    """
    world = World()
    for deed in (_quiet, _register, *deeds):
        deed(data, world)


@given(
    data=st.data(), deeds=st.lists(st.sampled_from(ORDINARY + HOSTILE), min_size=20, max_size=80)
)
@settings(max_examples=200)
def test_no_tampering_makes_us_drop_what_is_in_use(data: st.DataObject, deeds: list[Deed]) -> None:
    """The record deleted, damaged or replaced by an old one; the bundle emptied.

    What somebody else does to the bundle is healed, and not held against us; all else is.
    """
    world = World(replicas=3)
    for deed in (_quiet, _register, *deeds):
        deed(data, world)


@given(data=st.data(), deeds=st.lists(st.sampled_from(ORDINARY + HOSTILE), max_size=40))
@settings(max_examples=100)
def test_it_ends_well_whatever_happened(data: st.DataObject, deeds: list[Deed]) -> None:
    """One authority signs, everybody serves with it, and nothing else is trusted for ever."""
    world = World()
    for deed in deeds:
        deed(data, world)
    _thaw(data, world)

    world.pass_time(4)
    world.register()
    world.pass_time(_LIFE + 3 * LIVES.overlap.total_seconds())

    assert sum(one.role == "Signing" for one in world.record.authorities) == 1
    assert world.trusted is not None
    recorded = {one.fingerprint for one in world.record.authorities}
    assert recorded <= world.trusted.keys()
    assert len(world.trusted) <= 3
    for replica in world.replicas:
        assert replica.leaf
        assert replica.leaf.is_alive(world.now)
        assert replica.established


def test_rotations_follow_one_another_for_ever() -> None:
    """A year of rotations in small: none is skipped, none is done twice."""
    world = World()
    world.pass_time(1)
    world.register()

    world.pass_time(50 * _LIFE)

    renewals = 50 / LIVES.renewal  # roughly: the life begins a tenth earlier and the overlap adds
    assert 0.7 * renewals <= world.promotions <= 1.1 * renewals
    assert world.made <= world.promotions + 1


def test_a_record_that_is_lost_at_each_promotion_leaves_no_replica_behind() -> None:
    """Whoever is to be served by the next authority has changed over before it is the only one."""
    world = World()
    world.pass_time(1)
    world.register()
    world.pass_time(LIVES.overlap.total_seconds() + 1)

    for _ in range(30):
        while not any(one.role == "Signing" for one in world.record.authorities):
            world.seconds += 0.1
            for replica in world.replicas:
                replica.advance()
                replica.glance()
            world.check()
            assert all(one.leaf and one.leaf.is_alive(world.now) for one in world.replicas)
        world.tamper(Record())
