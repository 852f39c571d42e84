"""A cluster in which replicas rotate authorities, one small step of one of them at a time.

The record and the configuration are refused to writers that have not seen their last version, as
the API server does. API servers see the configuration late. Time is a number of seconds.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ecr_secrets.core.authority import Authority, Leaf, Lifetimes
from ecr_secrets.core.rotation import Announce, Store, Wait, choose_issuer, next_step, trusted_by
from ecr_secrets.core.rotation_view import Bundle, Observed
from ecr_secrets.webhook.viewpoint import Sightings
from tests.core.builders import NOON

LIVES = Lifetimes(
    authority=timedelta(seconds=40), leaf=timedelta(seconds=12), overlap=timedelta(seconds=4)
)
LAG = 3.5  # seconds; what an API server may be behind: less than the overlap
_MOST_STEPS = 60  # of a replica in a row; a rotation needs far fewer

Trusted = dict[str, datetime]


@dataclass(frozen=True)
class Record:
    """What the Secret holds."""

    authorities: tuple[Authority, ...] = ()
    damaged: bool = False


@dataclass
class Replica:
    """One process: what it remembers, and what it is in the middle of."""

    world: "World"
    leaf: Leaf | None = None
    frozen: bool = False
    # Whether API servers verified its leaf once: from then on they have to.
    established: bool = False
    held: Sightings = field(default_factory=Sightings)
    astray: Sightings = field(default_factory=Sightings)
    busy: Generator[None, None, bool] | None = None

    def advance(self) -> bool:
        """Do the next small step; True: there was nothing to do in the end."""
        if self.busy is None:
            self.busy = self._round()
        try:
            next(self.busy)
        except StopIteration as ended:
            self.busy = None
            return bool(ended.value)
        return False

    def settle(self) -> None:
        """Go on until there is nothing to do."""
        steps = (self.advance() for _ in range(_MOST_STEPS))
        assert any(steps), "a replica does not come to rest"

    def glance(self) -> None:
        """See what the others have made of it, as watches show it."""
        self.observe(self.world.record, self.world.trusted)

    def _round(self) -> Generator[None, None, bool]:
        """Read configuration and record, decide, act; whatever happens in between."""
        world = self.world
        trusted = world.trusted
        yield
        now, version, record = world.now, world.record_version, world.record
        observed = self.observe(record, trusted)
        step = next_step(observed, now=now, lifetimes=LIVES)
        issuer = choose_issuer(observed, now=now, lifetimes=LIVES)
        yield
        if issuer:
            end = min(now + LIVES.leaf, issuer.not_after)
            self.install(Leaf(issuer=issuer, not_before=now, not_after=end))
        elif isinstance(step, Store):
            world.write_record(version, step)
        elif isinstance(step, Announce):
            yield from self._publish()
        return isinstance(step, Wait) and not issuer

    def _publish(self) -> Iterator[None]:
        world = self.world
        version, trusted = world.bundle_version, world.trusted
        yield
        record = world.record
        if trusted is None or not record.authorities:
            return
        observed = self.observe(record, trusted)
        assert observed.bundle
        wanted = trusted_by(observed, observed.bundle, now=world.now, lifetimes=LIVES)
        known = trusted | {one.fingerprint: one.not_after for one in record.authorities}
        yield
        world.write_bundle(version, {name: known[name] for name in wanted})

    def observe(self, record: Record, trusted: Trusted | None) -> Observed:
        """See what there is, as the process does."""
        at = self.world.seconds
        present = trusted or {}
        recorded = {one.fingerprint for one in record.authorities}
        bundle = Bundle(trusted=present, astray=self.astray.see(present.keys() - recorded, at=at))
        return Observed(
            record=record.authorities,
            damaged=record.damaged,
            bundle=None if trusted is None else bundle,
            held=self.held.see(recorded if trusted is None else present, at=at),
            leaf=self.leaf,
        )

    def install(self, leaf: Leaf) -> None:
        """Serve with another certificate: one that works must not give way to one that does not."""
        living = self.leaf is not None and self.leaf.is_alive(self.world.now)
        self.established = self.established and living
        self.leaf = leaf
        self.world.check()

    def restart(self) -> None:
        """Forget everything, in the middle of whatever it was."""
        self.leaf, self.busy, self.established, self.frozen = None, None, False, False
        self.held, self.astray = Sightings(), Sightings()


class World:
    """The cluster."""

    def __init__(self, replicas: int = 2) -> None:
        self.seconds = 0.0
        self.record = Record()
        self.record_version = 0
        self.trusted: Trusted | None = None  # None: there is no configuration
        self.bundle_version = 0
        self.replicas = [Replica(self) for _ in range(replicas)]
        self.made = 0  # authorities
        self.promotions = 0
        self.backups: list[Record] = []  # of the record
        self.tampered = False  # whether somebody else has touched the record
        self._seen: list[tuple[float, Trusted]] = []  # bundles the API servers may go by, since

    @property
    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def new_authority(self) -> Authority:
        """Make an authority as `make_ca` does."""
        self.made += 1
        return Authority(
            fingerprint=f"ca-{self.made}",
            not_before=self.now - LIVES.authority / 10,
            not_after=self.now + LIVES.authority,
            role="Announced",
            has_key=True,
        )

    def write_record(self, version: int, step: Store) -> None:
        """Store what a replica decided, unless something else was stored meanwhile."""
        if version != self.record_version:
            return
        kept = {one.fingerprint for one in step.record}
        for replica in self.replicas:
            leaf = replica.leaf
            if leaf and leaf.is_alive(self.now) and not replica.frozen:
                known = {one.fingerprint for one in self.record.authorities}
                assert leaf.issuer.fingerprint not in known - kept, "removed while in use"
        created = (self.new_authority(),) if step.create else ()
        self.promotions += step.because == "Trusted"
        self.set_record(Record((*step.record, *created)))

    def set_record(self, record: Record) -> None:
        """Have the Secret hold this, whoever wrote it."""
        self.record = record
        self.record_version += 1

    def write_bundle(self, version: int, trusted: Trusted) -> None:
        """Have the API servers told, unless the configuration was changed meanwhile."""
        if version == self.bundle_version:
            self.set_bundle(trusted)

    def set_bundle(self, trusted: Trusted | None, *, tampered: bool = False) -> None:
        """Have the configuration hold this bundle; what somebody else did is not our fault."""
        self.trusted = trusted
        self.bundle_version += 1
        if tampered:
            self._seen = []
            for replica in self.replicas:
                replica.established = False
        elif trusted is not None:
            self._seen.append((self.seconds, trusted))
        self.check()

    def register(self) -> None:
        """Create the configuration, with the bundle of the record."""
        if self.trusted is None and self.record.authorities:
            self.set_bundle({one.fingerprint: one.not_after for one in self.record.authorities})

    def pass_time(self, seconds: float) -> None:
        """Let time pass; no replica is left alone for longer than half of the overlap."""
        while seconds > 0:
            awake = [replica for replica in self.replicas if not replica.frozen]
            for replica in awake:
                replica.settle()
            for replica in awake:
                replica.glance()
            passed = min(seconds, 2.0)
            self.seconds += passed
            seconds -= passed
            self.check()

    def check(self) -> None:
        """Every API server verifies every certificate in use."""
        while len(self._seen) > 1 and self._seen[1][0] <= self.seconds - LAG:
            self._seen.pop(0)
        for replica in self.replicas:
            leaf = replica.leaf
            if replica.frozen or leaf is None or not leaf.is_alive(self.now) or not self._seen:
                continue
            verified = all(leaf.issuer.fingerprint in trusted for _, trusted in self._seen)
            assert verified or not replica.established, "in use, and not trusted"
            replica.established = replica.established or verified

    def thaw(self, replica: Replica) -> None:
        """Let a frozen process go on in the middle of what it was doing."""
        replica.frozen = False
        # It could not object when the record was tampered with.
        replica.established = replica.established and not self.tampered

    def tamper(self, record: Record) -> None:
        """Have somebody else write the record."""
        self.tampered = True
        self.set_record(record)

    def spoil(self, index: int) -> None:
        """Take the key from one authority of the record."""
        if self.record.authorities:
            spoilt = self.record.authorities[index % len(self.record.authorities)]
            rest = tuple(
                replace(one, has_key=False) if one == spoilt else one
                for one in self.record.authorities
            )
            self.tamper(Record(rest))

    def garble(self, index: int) -> None:
        """Make one entry of the record unreadable."""
        if self.record.authorities:
            gone = self.record.authorities[index % len(self.record.authorities)]
            rest = tuple(one for one in self.record.authorities if one != gone)
            self.tamper(Record(rest, damaged=True))
