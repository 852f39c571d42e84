"""The pull secrets of a name, followed everywhere at once or namespace by namespace."""

from collections import ChainMap
from collections.abc import Mapping
from typing import Protocol

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret


class Followed(Protocol):
    """What is followed under a namespace ("": all) and a name."""

    def store(self, key: ObjectKey) -> Mapping[ObjectKey, PullSecret]:
        """Show what is known."""

    def position(self, key: ObjectKey) -> str:
        """Tell up to which resource version that is complete; "": not at all yet."""


class SecretPlaces:
    """Shows what is followed in several places as one."""

    def __init__(self, followed: Followed, places: tuple[str, ...]) -> None:
        """Look at these places.

        Args:
            followed: what is known, place by place.
            places: namespaces; "" alone: all of them.
        """
        self._followed = followed
        self._places = places

    def keys(self, name: str) -> list[ObjectKey]:
        """List under what the pull secrets of a name are followed."""
        return [ObjectKey(place, name) for place in self._places]

    def store(self, key: str) -> Mapping[ObjectKey, PullSecret]:
        """Show what is known under a name."""
        stores = [self._followed.store(each) for each in self.keys(key)]
        if len(stores) == 1:
            return stores[0]
        return ChainMap(*stores)  # type: ignore[arg-type]  # it is only read

    def find(self, key: ObjectKey) -> PullSecret | None:
        """Find what is known of one Secret; None: nothing."""
        everywhere = self._places == ("",)
        place = ObjectKey("" if everywhere else key.namespace, key.name)
        return self._followed.store(place).get(key)

    def position(self, key: str) -> str:
        """Tell up to which resource version that is complete everywhere; "": not at all yet."""
        positions = [self._followed.position(each) for each in self.keys(key)]
        return min(positions, key=_size)


def _size(version: str) -> tuple[int, str]:
    """Order resource versions as the numbers they are."""
    return len(version), version
