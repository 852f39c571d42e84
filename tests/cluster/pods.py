"""Pods as their author sees them: created or not, with which warnings, after how long."""

import re
import ssl
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ecr_secrets.core.webhook_configuration import NAME
from testbed.aws.iam import AccessKey
from testbed.control_plane import ControlPlane
from tests.cluster.api import Object
from tests.cluster.stage import REGION, Stage
from tests.cluster.webhook_metrics import failed_open

# The bound is 1.5 s for us and 2 s for the API server; the rest is for a machine that is busy.
BOUND = timedelta(seconds=4)
EXPIRING = timedelta(seconds=2)  # life of tokens that are to have expired soon
_ANSWER = 60  # seconds; later than anything the API server waits for
_JSON = {"Content-Type": "application/json"}
_WARNING = re.compile(r'299 - "((?:[^"\\]|\\.)*)"')  # RFC 7234, as the API server writes it
_ADMISSIONS = "ecr_secrets_admissions_total"
_FULL_LIFE = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of the creation of a pod."""

    status: int  # HTTP
    pod: Object
    warnings: tuple[str, ...]
    took: timedelta


def a_pod(namespace: str, *secrets: str, name: str = "", **spec: Any) -> Object:
    """Build a pod that names pull secrets.

    Args:
        namespace: where it is to run.
        secrets: names of pull secrets; without any, the field is left out.
        name: of the pod; empty: the API server makes one up.
        spec: adds or replaces fields.
    """
    full: Object = {
        "containers": [a_container("web", "example.com/web:1")],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "automountServiceAccountToken": False,  # its volume would have a random name
    }
    if secrets:
        full["imagePullSecrets"] = [{"name": each} for each in secrets]
    named = {"name": name} if name else {"generateName": "web-"}
    metadata = {"namespace": namespace, **named}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": full | spec}


def a_container(name: str, image: str) -> Object:
    """Build a container that any namespace takes."""
    harmless = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return {"name": name, "image": image, "securityContext": harmless}


class Author:
    """Creates pods, each over a connection of its own; any thread may."""

    def __init__(self, control_plane: ControlPlane) -> None:
        """Become the administrator of a cluster."""
        folder = control_plane.folder
        self._where = urlsplit(control_plane.url)
        self._tls = ssl.create_default_context(cafile=control_plane.ca_file)
        self._tls.load_cert_chain(folder / "admin.crt", folder / "admin.key")

    def connected(self, count: int) -> list[HTTPSConnection]:
        """Open connections, each for one pod."""
        lines = [self._line() for _ in range(count)]
        for line in lines:
            line.connect()
        return lines

    def create(
        self, pod: Object, *, dry_run: bool = False, line: HTTPSConnection | None = None
    ) -> Answer:
        """Try to create a pod.

        Args:
            pod: what to create.
            dry_run: whether it is to have no effect.
            line: closed afterwards; None: a new one.
        """
        path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods"
        query = "?dryRun=All" if dry_run else ""
        line = line or self._line()
        begun = time.monotonic()
        try:
            line.request("POST", path + query, msgspec.json.encode(pod), _JSON)
            answer = line.getresponse()
            body = answer.read()
            took = timedelta(seconds=time.monotonic() - begun)
            lines = answer.headers.get_all("Warning", [])
        finally:
            line.close()
        return Answer(
            status=answer.status,
            pod=msgspec.json.decode(body),
            warnings=tuple(text for each in lines for text in _WARNING.findall(each)),
            took=took,
        )

    def _line(self) -> HTTPSConnection:
        host, port = str(self._where.hostname), self._where.port
        return HTTPSConnection(host, port, context=self._tls, timeout=_ANSWER)


class Village:
    """Namespaces of a stage that pods can be created in, and the pull secret they name."""

    def __init__(self, stage: Stage, *shorts: str) -> None:
        """Make the namespaces; each is ready for pods."""
        self.stage = stage
        self.author = Author(stage.site.control_plane)
        self.secret = stage.name("pull")  # named by nobody else, so that nobody else is counted
        self.namespaces = stage.make_namespaces(*shorts)
        for namespace in self.namespaces:
            stage.until("its ServiceAccount is there", lambda ns=namespace: self.is_open(ns))  # type: ignore[misc]  # mypy cannot infer a default

    def create(self, namespace: str, *secrets: str, dry_run: bool = False, **pod: Any) -> Answer:
        """Create a pod that names the pull secret, or others instead."""
        manifest = a_pod(namespace, *(secrets or [self.secret]), **pod)
        return self.author.create(manifest, dry_run=dry_run)

    def serve(self, **spec: Any) -> str:
        """Have all namespaces served with the pull secret; return the credential's name."""
        name = self.stage.serve(*self.namespaces, **({"secretName": self.secret} | spec))
        self.await_registration()
        return name

    def await_told(self, credential: str) -> None:
        """Wait for the Events of a first rollout, which come when it is over."""
        first = {"PullSecretCreated", "PullSecretsReady"}
        self.stage.until(
            "it is told",
            lambda: {event["reason"] for event in self.stage.events(credential)} >= first,
        )

    def serve_expired(self, *, life: timedelta = EXPIRING, **spec: Any) -> str:
        """Have pull secrets that have expired in all namespaces; return the credential's name.

        Args:
            life: of their tokens.
            spec: adds or replaces fields of the credential.
        """
        stage = self.stage
        stage.aws.set_token_lifetime(life)
        stage.set_aws_access()
        policy = {"refreshPolicy": "OnPodAdmission"}
        name = stage.set_credential(
            self.namespaces, **({"secretName": self.secret} | policy | spec)
        )
        self.await_expiry()
        self.await_registration()
        return name

    def await_expiry(self) -> None:
        """Wait until no pod could pull in any namespace; tokens issued from then on live long."""
        found = self.stage.find_secret
        self.stage.until(
            "pull secrets are written",
            lambda: all(found(ns, self.secret) for ns in self.namespaces),
        )
        self.stage.aws.set_token_lifetime(_FULL_LIFE)
        self.stage.until("they have expired", lambda: not any(map(self.pulls, self.namespaces)))

    def await_registration(self) -> None:
        """Wait until the API server asks about pods that name the pull secret."""
        namespace = self.namespaces[0]
        self.stage.until(
            "pods are asked about", lambda: self.is_asked_about(a_pod(namespace, self.secret))
        )

    def is_asked_about(self, pod: Object) -> bool:
        """Tell whether the operator is asked about a pod, by trying without effect."""
        answer, asked = self.asked(lambda: self.author.create(pod, dry_run=True))
        assert answer.status == 201, answer.pod
        return asked > 0

    def asked(self, act: Callable[[], Any]) -> tuple[Any, int]:
        """Do something; return what comes of it, and how often the operator was asked."""
        before = self.admissions().total()
        done = act()
        return done, self.admissions().total() - before

    def admissions(self) -> Counter[str]:
        """Count the operator's answers by result."""
        metrics = self.stage.operator.metrics()
        return Counter(
            {
                name.partition('"')[2].rstrip('"}'): int(value)
                for name, value in metrics.items()
                if name.startswith(_ADMISSIONS)
            }
        )

    def unanswered(self) -> int:
        """Count how often the API server went on without an answer that it could use."""
        return failed_open(self.stage.site.control_plane)

    def pulls(self, namespace: str) -> bool:
        """Tell whether a pod of the namespace could pull."""
        return self.stage.pulls(namespace, name=self.secret)

    def is_open(self, namespace: str) -> bool:
        return self.stage.api.find("ServiceAccount", "default", namespace) is not None


def add_aws_access(stage: Stage, short: str, key: AccessKey) -> dict[str, str]:
    """Write one more Secret with AWS keys; return how a credential refers to it."""
    values = {
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_REGION": REGION,
    }
    metadata = {"name": stage.name(f"aws-{short}"), "namespace": "default"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
    stage.api.apply({**secret, "stringData": values})
    return {"secretName": metadata["name"]}


def configuration(stage: Stage) -> Object | None:
    """Return what the operator has registered; None: nothing."""
    return stage.api.find("ValidatingWebhookConfiguration", NAME)
