"""Keys in the order in which they fall due, each key once."""

import heapq
import itertools
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_SLACK = 64  # outdated heap entries that are not worth clearing away


class Agenda(Generic[K]):
    """A mutable set of keys, each with the instant from which it is due; does no waiting itself.

    Moving a key forward leaves its old heap entry behind, to be recognised as outdated when it
    comes up. Keys with distant instants would pile those up, so they are cleared away once they
    outnumber the keys.
    """

    def __init__(self) -> None:
        self._due: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._order = itertools.count()  # equally due: first come, first served

    def put(self, key: K, due: float) -> None:
        """Note the key; the earlier instant wins over the later one, new or old."""
        known = self._due.get(key)
        if known is not None and known <= due:
            return
        self._due[key] = due
        heapq.heappush(self._heap, (due, next(self._order), key))
        if len(self._heap) > 2 * len(self._due) + _SLACK:
            self._heap = [entry for entry in self._heap if self._is_current(entry)]
            heapq.heapify(self._heap)

    def earliest(self) -> float | None:
        """Return the instant of the first key; None: there is no key."""
        while self._heap and not self._is_current(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop(self) -> K:
        """Remove and return the first key; only after `earliest` said that there is one."""
        key = heapq.heappop(self._heap)[2]
        del self._due[key]
        return key

    def drop(self, key: K) -> float | None:
        """Remove a key and return its instant; None: it is not here."""
        return self._due.pop(key, None)

    def __contains__(self, key: K) -> bool:
        """Tell whether a key is noted."""
        return key in self._due

    def count_due(self, now: float) -> int:
        """Count the keys that are due."""
        return sum(due <= now for due in self._due.values())

    def _is_current(self, entry: tuple[float, int, K]) -> bool:
        due, _, key = entry
        return self._due.get(key) == due
