"""What this replica sees of the certificates, and since when it has seen it."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from ecr_secrets.core.authority import Leaf
from ecr_secrets.core.rotation_view import Bundle, Observed
from ecr_secrets.webhook.bundle import parse_bundle, render_bundle
from ecr_secrets.webhook.ca_record import CaRecord


class Sightings:
    """Remembers since when each of some things has been there without a break."""

    def __init__(self) -> None:
        """Have seen nothing yet."""
        self._since: Mapping[str, float] = {}

    def see(self, present: Iterable[str], *, at: float) -> Mapping[str, timedelta]:
        """Take note of all that is there now, and say for how long each has been.

        Args:
            present: their names; what is not among them is forgotten.
            at: seconds, by a clock that never jumps.
        """
        self._since = {name: self._since.get(name, at) for name in present}
        return {name: timedelta(seconds=at - since) for name, since in self._since.items()}


class Viewpoint:
    """Where one replica looks from: others may have seen the same for longer.

    State is touched only between awaits of one event loop.
    """

    def __init__(self) -> None:
        """Have seen nothing yet."""
        self._held = Sightings()
        self._astray = Sightings()

    def observe(
        self, record: CaRecord, bundle: bytes | None, leaf: Leaf | None, *, at: float
    ) -> Observed:
        """Put together all that the next step depends on.

        Args:
            record: as it is.
            bundle: as it is, PEM; None: there is no webhook configuration.
            leaf: this replica's.
            at: seconds, by a clock that never jumps.
        """
        recorded = {authority.fingerprint for authority in record.authorities}
        trusted = {one.fingerprint: one.not_after for one in parse_bundle(bundle or b"")}
        held = self._held.see(recorded if bundle is None else trusted, at=at)
        astray = self._astray.see(trusted.keys() - recorded, at=at)
        return Observed(
            record=record.authorities,
            damaged=record.damaged,
            bundle=None
            if bundle is None
            else Bundle(trusted=trusted, tidy=_is_tidy(bundle), astray=astray),
            held=held,
            leaf=leaf,
        )


def _is_tidy(bundle: bytes) -> bool:
    return render_bundle(parse_bundle(bundle)) == bundle
