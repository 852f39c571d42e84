"""Keeps count of pulls, as the pods of the namespaces would."""

from collections.abc import Iterable

from testbed.demo.sight import Pulls, Target


class Prober:
    """Counts what the registry answers where it has opened before.

    From its first success on, every pull of a namespace has to work, a missing pull secret
    included, as long as the object asks for the namespace and nobody spares it.
    """

    def __init__(self) -> None:
        self.pulls = Pulls()
        self._served: set[str] = set()

    def spare(self, namespaces: Iterable[str]) -> None:
        """Expect nothing of namespaces until they open again: what follows is our own doing."""
        self._served -= set(namespaces)

    def note(self, target: Target, *, expected: bool) -> None:
        """Count what a pull in a namespace came to.

        Args:
            expected: whether the object asks for the namespace.
        """
        if not expected:
            self._served.discard(target.namespace)
            return
        if target.opens:
            self._served.add(target.namespace)
            self.pulls = Pulls(self.pulls.made + 1, self.pulls.failed, self.pulls.last_failure)
        elif target.namespace in self._served:
            found = f"the registry answers {target.answer}" if target.secret else "no pull secret"
            failure = f"{target.namespace}: {found}"
            self.pulls = Pulls(self.pulls.made + 1, self.pulls.failed + 1, failure)
