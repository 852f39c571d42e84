"""Questions to the webhook over new connections, trusting what the cluster trusts right now."""

import base64
import http.client
import itertools
import json
import ssl
import threading
from collections import Counter
from typing import Any, Self

from ecr_secrets.core.webhook_configuration import NAME, PATH
from tests.cluster.replicas.cluster import Cluster
from tests.cluster.replicas.watching import Watch
from tests.core.reviews import a_body

_CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
_CONFIGURATION = f"{_CONFIGURATIONS}?fieldSelector=metadata.name={NAME}"
_PATIENCE = 10  # seconds for one answer
_PAUSE = 0.02  # seconds between two questions of a caller

ANSWERS: set[str] = set()  # all that were given, without what tells one question from another


def ask(port: int, tls: ssl.SSLContext, body: bytes) -> dict[str, Any]:
    """Ask once, over a connection of its own, and return the `response` of the review.

    Raises:
        OSError: nobody answered, or nobody whom the context trusts.
    """
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=_PATIENCE)
    try:
        connection.request("POST", PATH, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise ConnectionError(f"status {answer.status}")
        response: dict[str, Any] = json.loads(answer.read())["response"]
        ANSWERS.add(json.dumps({**response, "uid": ""}))
    except http.client.HTTPException as error:
        raise ConnectionError(type(error).__name__) from None
    else:
        return response
    finally:
        connection.close()


class Trust:
    """Follows the webhook configuration as the API server does, while it is entered."""

    def __init__(self, cluster: Cluster) -> None:
        self._watch = Watch(cluster, _CONFIGURATION, self._take_in)
        self._known = threading.Event()
        self._context: ssl.SSLContext | None = None  # None: no configuration was seen yet
        self.bundles: list[str] = []  # PEM, all that were seen

    def __enter__(self) -> Self:
        self._watch.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.__exit__()

    def context(self) -> ssl.SSLContext:
        """Return what trusts the CA bundle in the cluster, and nothing else."""
        assert self._known.wait(_PATIENCE)
        assert self._context
        return self._context

    def _take_in(self, event: dict[str, Any]) -> None:
        webhooks = event["object"].get("webhooks", [])
        if event["type"] not in {"ADDED", "MODIFIED"} or not webhooks:
            return
        bundle = base64.b64decode(webhooks[0]["clientConfig"]["caBundle"]).decode()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=bundle)
        self._context = context
        self.bundles.append(bundle)
        self._known.set()


class Callers:
    """Ask the webhook without pause while entered, each time over a new connection."""

    def __init__(self, port: int, trust: Trust, *, namespace: str, threads: int = 1) -> None:
        self._port = port
        self._trust = trust
        self._namespace = namespace
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, name="caller") for _ in range(threads)]
        self.answered = 0
        self.problems: Counter[str] = Counter()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        for number in itertools.count():
            if self._over.wait(_PAUSE):
                return
            body = a_body("ecr-login", namespace=self._namespace, uid=f"question-{number}")
            try:
                response = ask(self._port, self._trust.context(), body)
            except OSError as error:
                self.problems[f"{type(error).__name__}: {error}"] += 1
            else:
                self.answered += response["allowed"] is True
