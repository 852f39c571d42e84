"""Which calls get which fault, and for how long."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field

from testbed.aws.calls import is_named
from testbed.aws.faults import Fault


@dataclass(slots=True, kw_only=True)
class _Rule:
    """A fault, and the calls it is meant for."""

    fault: Fault
    operation: str | None  # None: every one, and so below
    region: str | None
    access_key_id: str | None
    times: int | None  # how many calls it still has to hit; None: until told to behave

    def hits(self, operation: str, region: str, names: Collection[str]) -> bool:
        return (
            self.times != 0
            and (self.operation is None or is_named(operation, self.operation))
            and self.region in {None, region}
            and (self.access_key_id is None or self.access_key_id in names)
        )


@dataclass(slots=True)
class Misbehaviour:
    """The faults asked for; the first that fits a call is taken."""

    _rules: list[_Rule] = field(default_factory=list)
    _behaving: asyncio.Event = field(default_factory=asyncio.Event)

    def add(
        self,
        fault: Fault,
        *,
        operation: str | None,
        region: str | None,
        access_key_id: str | None,
        times: int | None,
    ) -> None:
        """Ask for a fault; see `FakeAws.misbehave`."""
        self._rules.append(
            _Rule(
                fault=fault,
                operation=operation,
                region=region,
                access_key_id=access_key_id,
                times=times,
            )
        )

    def take(self, operation: str, region: str, names: Collection[str]) -> Fault | None:
        """Take the fault for a call, which uses up one of its times; None: behave.

        Args:
            names: what the caller is known by: its access key id and its principal.
        """
        rule = next((rule for rule in self._rules if rule.hits(operation, region, names)), None)
        if rule is None:
            return None
        if rule.times is not None:
            rule.times -= 1
        return rule.fault

    def end(self) -> None:
        """Forget all faults, and let go of what waits."""
        self._rules.clear()
        self._behaving.set()
        self._behaving = asyncio.Event()

    async def endure(self, fault: Fault) -> None:
        """Wait as long as the fault says, or until it is over."""
        behaving = self._behaving
        seconds = None if fault.wait is None else fault.wait.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                await behaving.wait()
        except TimeoutError:
            return
