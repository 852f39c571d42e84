"""Keeps the webhook's certificates: sees, has `core/rotation.py` decide, does what is to be done.

Every replica does so, with the same record. What must stay true of the order of reading and
writing: the configuration is read before the record, and written only as it was read; so no bundle
of an older record ever replaces one of a newer. And what is signed dates from before the record
was read, so nothing outlives what the record promises.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from ssl import SSLContext

from ecr_secrets.core.authority import Authority
from ecr_secrets.core.backoff import full_jitter
from ecr_secrets.core.occurrences import Occurrence
from ecr_secrets.core.rotation import Announce, Store, Wait, choose_issuer, next_step, trusted_by
from ecr_secrets.core.rotation_view import Bundle, Observed
from ecr_secrets.core.times import format_time
from ecr_secrets.errors import ConflictError, ContestedError, OperatorError
from ecr_secrets.webhook.authority import issue_leaf, make_ca
from ecr_secrets.webhook.bundle import parse_bundle, render_bundle
from ecr_secrets.webhook.ca_record import CaRecord, Entry, revise
from ecr_secrets.webhook.ca_secret import FoundRecord
from ecr_secrets.webhook.restraint import Restraint
from ecr_secrets.webhook.rotation_events import occurrence_of
from ecr_secrets.webhook.serving import ServingCertificate
from ecr_secrets.webhook.surroundings import Configuration, Records, Terms
from ecr_secrets.webhook.viewpoint import Viewpoint

log = logging.getLogger(__name__)

_FLOOR, _CAP = timedelta(seconds=0.1), timedelta(seconds=5)  # between attempts that fail
_LONGEST_WAIT = timedelta(seconds=30)  # a clock that was set, or a machine that slept, shows then
_MAX_WRITES = 20  # within one overlap: more than any rotation needs, and no war


class Certificates:
    """The certificates of this replica, and its share in keeping those of all.

    State is touched only between awaits of one event loop.
    """

    def __init__(
        self,
        records: Records,
        configuration: Configuration,
        terms: Terms,
        *,
        clock: Callable[[], datetime],
        tell: Callable[[Occurrence], None],
    ) -> None:
        """Prepare; nothing happens before `run`.

        Args:
            records: where the record of authorities is kept.
            configuration: the webhook configuration.
            terms: what certificates are issued on.
            clock: tells the time.
            tell: is told of what people should know.
        """
        self._records = records
        self._configuration = configuration
        self._terms = terms
        self._clock = clock
        self._tell = tell
        self._serving = ServingCertificate()
        self._issued = asyncio.Event()
        self._looked = asyncio.Event()
        self._viewpoint = Viewpoint()
        self._restraint = Restraint(_MAX_WRITES, within=terms.lifetimes.overlap)
        self._failures = 0  # in a row
        self._reported = ""  # reason that was logged; "": none since all was well

    @property
    def context(self) -> SSLContext:
        """What to serve with; it stays the same while the certificate in it is replaced."""
        return self._serving.context

    @property
    def issued(self) -> bool:
        """Whether there is a certificate to serve with."""
        return self._issued.is_set()

    async def wait_issued(self) -> None:
        """Wait until there is a certificate to serve with."""
        await self._issued.wait()

    def is_trusted(self) -> bool:
        """Tell whether the API servers can verify us, going by the bundle in the cluster."""
        return self._serving.is_trusted(self._configuration.seen(), now=self._clock())

    def look(self) -> None:
        """Look again soon: the record or the configuration may have changed."""
        self._looked.set()

    async def bundle_for(self, current: bytes | None) -> bytes | None:
        """Work out the bundle that a configuration is to have.

        The caller has read the configuration before it asks, and writes it only as it was read.

        Args:
            current: the bundle it has; None: there is no configuration.

        Returns:
            PEM; None: there is nothing to trust yet, and what there is has to stay.

        Raises:
            OperatorError: the record could not be read.
        """
        found = await self._records.read()
        record = found.record if found else CaRecord()
        if not record.entries:
            return None
        observed = self._observe(found, current)
        wanted = trusted_by(
            observed,
            observed.bundle or Bundle(trusted={}),
            now=self._clock(),
            lifetimes=self._terms.lifetimes,
        )
        known = [entry.certificate for entry in record.entries]
        known += parse_bundle(current or b"")
        return render_bundle(one for one in known if one.fingerprint in wanted)

    async def run(self) -> None:
        """Keep the certificates until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._records.run(), name="watch webhook authorities")
            group.create_task(self._work(), name="certificates")

    async def _work(self) -> None:
        while True:
            self._looked.clear()
            try:
                pause = await self.step()
            except OperatorError as error:
                await asyncio.sleep(self._failed(error).total_seconds())
                continue
            self._failures, self._reported = 0, ""
            await self._rest(min(pause, _LONGEST_WAIT))

    async def step(self) -> timedelta:
        """Do one thing that is due, and return how long there is nothing to do.

        Raises:
            OperatorError: it could not be done now.
        """
        pause = self._pause(self._observe(self._records.seen(), self._configuration.seen()))
        if pause:
            return pause
        bundle = await self._configuration.read()
        now = self._clock()
        found = await self._records.read()
        observed = self._observe(found, bundle)
        lifetimes = self._terms.lifetimes
        step = next_step(observed, now=now, lifetimes=lifetimes)
        issuer = choose_issuer(observed, now=now, lifetimes=lifetimes)
        if issuer and found:  # first: we serve, also when writing is denied us
            await self._issue(found.record, issuer, now)
        elif isinstance(step, Store):
            self._hold_back()
            await self._store(found, step, now)
        elif isinstance(step, Announce):
            self._hold_back()
            await self._configuration.publish()
        else:
            return step.until - now
        return timedelta(0)

    def _pause(self, observed: Observed) -> timedelta | None:
        """Say how long there is nothing to do; None: there is, if what was seen is still so."""
        now, lifetimes = self._clock(), self._terms.lifetimes
        step = next_step(observed, now=now, lifetimes=lifetimes)
        if choose_issuer(observed, now=now, lifetimes=lifetimes) or not isinstance(step, Wait):
            return None
        return step.until - now

    def _observe(self, found: FoundRecord | None, bundle: bytes | None) -> Observed:
        at = asyncio.get_running_loop().time()
        record = found.record if found else CaRecord()
        return self._viewpoint.observe(record, bundle, self._serving.leaf, at=at)

    async def _store(self, found: FoundRecord | None, step: Store, now: datetime) -> None:
        own = self._serving.issuer
        entries = revise(
            found.record.entries if found else (), step.record, extra=[own] if own else []
        )
        if step.create:
            lifetime = self._terms.lifetimes.authority
            ca = await asyncio.to_thread(partial(make_ca, now=now, lifetime=lifetime))
            entries = (*entries, Entry.announcing(ca))
        await self._records.write(found, entries)
        told = occurrence_of(step)
        self._tell(told)
        log.info("webhook authorities written", extra={"reason": told.reason})

    async def _issue(self, record: CaRecord, issuer: Authority, now: datetime) -> None:
        signer = record.signer(issuer)
        issue = partial(
            issue_leaf, signer, self._terms.names, now=now, lifetime=self._terms.lifetimes.leaf
        )
        pair = await asyncio.to_thread(issue)
        self._serving.install(pair, issuer, signer.certificate)
        self._issued.set()
        log.info("serving certificate replaced", extra={"expires_at": format_time(pair.not_after)})

    def _hold_back(self) -> None:
        """Leave room between writes, should somebody undo each of them."""
        if not self._restraint.take(asyncio.get_running_loop().time()):
            raise ContestedError("the webhook's certificates are changed again and again")

    def _failed(self, error: OperatorError) -> timedelta:
        self._failures += 1
        level = logging.DEBUG if isinstance(error, ConflictError) else logging.WARNING
        if error.reason != self._reported:
            self._reported = error.reason
            fields = {"reason": error.reason, "error": str(error)}
            log.log(level, "webhook certificates not kept", extra=fields)
        fraction = random.random()  # noqa: S311 - jitter
        return full_jitter(self._failures, floor=_FLOOR, cap=_CAP, fraction=fraction)

    async def _rest(self, pause: timedelta) -> None:
        """Wait until something may have changed, or time is up."""
        try:
            async with asyncio.timeout(pause.total_seconds()):
                await self._looked.wait()
        except TimeoutError:
            return
