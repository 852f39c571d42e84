"""The operator's own account in the hands of a test, and a namespace where nobody else works."""

import http.client
import itertools
import json
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from ecr_secrets.controller.secret_writer import FIELD_MANAGER
from ecr_secrets.core.content import Content, render_pull_secret
from ecr_secrets.core.credential import Credential, parse_credential
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.spec import API_VERSION, KIND
from testbed.control_plane import ControlPlane
from testbed.operator import NAMESPACE, SERVICE_ACCOUNT
from tests.cluster.api import Api, Object
from tests.core.builders import a_credential_manifest

CONTENT_TYPES = {
    "apply": "application/apply-patch+yaml",
    "force": "application/apply-patch+yaml",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
    "create": "application/json",
    "delete": "application/json",
}
_METHODS = {"create": "POST", "delete": "DELETE"}
_ABSENT = {"resourceVersion": "1"}  # as the operator's writer has it
_TIMEOUT = 30  # seconds
_NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server says to a request."""

    status: int
    body: Object

    @property
    def words(self) -> str:
        """Why it was refused; everything that it says of it."""
        causes = self.body.get("details", {}).get("causes", [])
        return "; ".join([self.body["message"], *(cause.get("message", "") for cause in causes)])


@dataclass(frozen=True, slots=True)
class Account:
    """A ServiceAccount's way into the cluster."""

    control_plane: ControlPlane
    token: str = field(repr=False)

    def ask(self, verb: str, key: ObjectKey, body: Any = None, *, dry_run: bool = False) -> Answer:
        """Send a request about a Secret; `force` is an apply that takes fields from others."""
        query = {"dryRun": "All"} if dry_run else {}
        if verb in {"apply", "force"}:
            query |= {"fieldManager": FIELD_MANAGER, "force": str(verb == "force").lower()}
        path = f"/api/v1/namespaces/{key.namespace}/secrets"
        if verb != "create":
            path = f"{path}/{key.name}"
        address = urlsplit(self.control_plane.url)
        connection = http.client.HTTPSConnection(
            str(address.hostname),
            address.port,
            context=ssl.create_default_context(cafile=self.control_plane.ca_file),
            timeout=_TIMEOUT,
        )
        try:
            connection.request(
                _METHODS.get(verb, "PATCH"),
                path + "?" + "&".join(f"{name}={value}" for name, value in query.items()),
                None if body is None else json.dumps(body).encode(),
                {"Authorization": f"Bearer {self.token}", "Content-Type": CONTENT_TYPES[verb]},
            )
            response = connection.getresponse()
            return Answer(response.status, json.loads(response.read()))
        finally:
            connection.close()


class Ward:
    """A namespace, and a credential that asks for nothing there, so that no operator acts."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self.api = Api(control_plane)
        self.operator = Account(control_plane, control_plane.token_for(NAMESPACE, SERVICE_ACCOUNT))
        self.namespace = f"ward-{next(_NUMBERS)}"
        self._secrets = itertools.count()

    def __enter__(self) -> Self:
        metadata = {"name": self.namespace}
        self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        spec = {"secretName": "unused", "namespaces": ["nowhere"]}
        manifest = {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}
        # It has to exist, or Kubernetes collects what it owns.
        self.uid: str = self.api.create(manifest)["metadata"]["uid"]
        return self

    def __exit__(self, *_: object) -> None:
        self.api.delete(KIND, self.namespace)
        self.api.delete("Namespace", self.namespace)

    @property
    def owner(self) -> Object:
        """The owner reference of all pull secrets here."""
        return {"apiVersion": API_VERSION, "kind": KIND, "name": self.namespace, "uid": self.uid}

    def new_key(self) -> ObjectKey:
        """Name a Secret that nobody has made yet."""
        return ObjectKey(self.namespace, f"pull-{next(self._secrets)}")

    def credential(self, key: ObjectKey, *, regions: Iterable[str] = ()) -> Credential:
        """Build the credential as if it asked for a pull secret there."""
        asked: dict[str, Any] = {"secretName": key.name}
        if regions:
            asked["registries"] = [{"region": region} for region in regions]
        return parse_credential(
            a_credential_manifest(key.namespace, uid=self.uid, name=self.namespace, **asked)
        )

    def manifest(self, key: ObjectKey, content: Content, *, over: Object | None = None) -> Object:
        """Build what the operator applies.

        Args:
            key: where.
            content: what.
            over: the Secret that stands there; None: none does.
        """
        guard = _ABSENT
        if over:
            guard = {name: over["metadata"][name] for name in ("uid", "resourceVersion")}
        return dict(render_pull_secret(key, content, self.credential(key), guard=guard))

    def serve(self, key: ObjectKey, content: Content) -> Object:
        """Create a pull secret as the operator does, and return it."""
        answer = self.operator.ask("apply", key, self.manifest(key, content))
        assert answer.status == 201, answer.words
        return answer.body

    def stand(self, key: ObjectKey, manifest: Mapping[str, Any]) -> Object:
        """Create a Secret as the administrator, and return it."""
        metadata = {**manifest.get("metadata", {}), "name": key.name, "namespace": key.namespace}
        secret = {"apiVersion": "v1", "kind": "Secret", **manifest, "metadata": metadata}
        return self.api.create(secret)

    def find(self, key: ObjectKey) -> Object | None:
        """Return what stands there; None: nothing."""
        return self.api.find("Secret", key.name, key.namespace)
