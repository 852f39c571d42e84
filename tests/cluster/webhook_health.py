"""How the webhook fares: what it is ready for, what is told of it, pods that keep coming."""

import threading
from http.client import HTTPException
from typing import Self
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.cluster.api import Object
from tests.cluster.pods import Author, Village, a_pod
from tests.cluster.stage import Stage

_PAUSE = 0.02  # seconds between two pods
_ANSWER = 5  # seconds


def events_on(stage: Stage, kind: str, namespace: str = "default") -> dict[str, int]:
    """Count the Events on all objects of a kind, by reason."""
    counts: dict[str, int] = {}
    for event in stage.api.list("Event", namespace):
        if event["involvedObject"]["kind"] == kind:
            counts[event["reason"]] = counts.get(event["reason"], 0) + event["count"]
    return counts


def readiness(stage: Stage) -> tuple[int, str]:
    """Ask the operator whether it is ready; return the HTTP status and what it says."""
    try:
        with urlopen(f"{stage.operator.health_url}/readyz", timeout=_ANSWER) as answer:  # noqa: S310 - http on loopback
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


class Crowd:
    """Pods that somebody tries to create, one after the other, while it is entered."""

    def __init__(self, village: Village) -> None:
        self._author = Author(village.stage.site.control_plane)
        self._pod: Object = a_pod(village.namespaces[0], village.secret)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._come, name="pods")
        self.admitted = 0
        self.refused: list[object] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _come(self) -> None:
        while not self._over.wait(_PAUSE):
            try:
                answer = self._author.create(self._pod, dry_run=True)
            except (OSError, HTTPException) as error:
                self.refused.append(error)
                continue
            if answer.status == 201:
                self.admitted += 1
            else:
                self.refused.append(answer.pod)
