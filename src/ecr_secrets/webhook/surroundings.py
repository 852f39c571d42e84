"""What the certificates depend on: where they are recorded and published, and their terms."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from ecr_secrets.core.authority import Lifetimes
from ecr_secrets.webhook.authority import ServingNames
from ecr_secrets.webhook.ca_record import Entry
from ecr_secrets.webhook.ca_secret import FoundRecord


class Records(Protocol):
    """Where the record of authorities is kept."""

    async def run(self) -> None:
        """Follow it until cancelled."""

    def seen(self) -> FoundRecord | None:
        """Return it as the watch shows it; None: there is none."""

    async def read(self) -> FoundRecord | None:
        """Return it as it is now, keys included; None: there is none."""

    async def write(self, found: FoundRecord | None, entries: Iterable[Entry]) -> None:
        """Replace it, if it still is as it was found."""


class Configuration(Protocol):
    """The webhook configuration, as far as certificates are concerned."""

    def seen(self) -> bytes | None:
        """Return its CA bundle as the watch shows it; None: there is no configuration."""

    async def read(self) -> bytes | None:
        """Return its CA bundle as it is now; None: there is no configuration."""

    async def publish(self) -> None:
        """Give it the bundle that `bundle_for` returns for the one it has now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What certificates are issued on."""

    names: ServingNames
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
