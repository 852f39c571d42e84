"""A test's own corner of a cluster that an operator serves."""

import base64
import itertools
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

from ecr_secrets.core.spec import API_VERSION, KIND
from testbed.aws.hosts import registry_host
from testbed.aws.iam import ACCOUNT, AccessKey
from testbed.control_plane import ControlPlane
from testbed.operator import Operator
from testbed.waiting import wait_for
from tests.cluster.api import Api, Object
from tests.cluster.aws_thread import AwsThread
from tests.cluster.canaries import note_statuses

REGION = "eu-west-1"
HOST = registry_host(ACCOUNT, REGION)
DATA_KEY = ".dockerconfigjson"

# How soon is measured by the benchmark; a machine that runs tests may be busy with others.
SOON = timedelta(seconds=20)
HEALED = timedelta(seconds=60)  # promised for the end of any fault

_NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A cluster, a fake AWS, and the operator between them."""

    control_plane: ControlPlane
    aws: AwsThread
    operator: Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class PullSecret:
    """A pull secret as the cluster shows it."""

    uid: str
    version: str
    docker_config: bytes = field(repr=False)
    annotations: dict[str, str]
    labels: dict[str, str]


class Stage:
    """Names of a test's own on a site; what credentials it made are gone when it is left."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.aws = site.aws
        self.operator = site.operator
        self.api = Api(site.control_plane)
        self.prefix = f"t{next(_NUMBERS)}"
        self.key = site.aws.new_key()
        self._credentials: set[str] = set()

    def __enter__(self) -> Self:
        if self.operator.process.exit_code is not None:  # a test that failed left it so
            self.operator.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.aws.behave()
        self.aws.set_down(down=False)
        self.aws.set_token_lifetime(timedelta(hours=12))
        note_statuses(self.prefix, (self.api.find(KIND, name) for name in self._credentials))
        for name in self._credentials:
            self.api.delete(KIND, name)

    # Making things.

    def name(self, short: str) -> str:
        """Make a name that no other test uses."""
        return f"{self.prefix}-{short}"

    def make_namespace(self, short: str) -> str:
        """Create a namespace and return its name."""
        return self._make_namespace(self.name(short))

    def make_namespaces(self, *shorts: str) -> list[str]:
        """Create namespaces, several at a time, and return their names."""
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(self._make_namespace, map(self.name, shorts)))

    def _make_namespace(self, name: str) -> str:
        self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return name

    def set_aws_access(self, key: AccessKey | None = None, **changes: str) -> str:
        """Write the Secret with the AWS keys and return its name; `changes` replace values."""
        key = key or self.key
        values = {
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
            "AWS_REGION": REGION,
        }
        metadata = {"name": self.name("aws"), "namespace": "default"}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
        self.api.apply({**secret, "stringData": values | changes})
        return self.name("aws")

    def set_credential(self, namespaces: Iterable[str], *, short: str = "ecr", **spec: Any) -> str:
        """Write an `AWSECRCredential` and return its name.

        Args:
            spec: adds or replaces fields; None leaves one out.
        """
        name = self.name(short)
        self._credentials.add(name)
        full: Object = {
            "awsAccess": {"secretName": self.name("aws")},
            "secretName": "ecr-login",
            "namespaces": list(namespaces),
        }
        manifest = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}}
        asked = {field: value for field, value in (full | spec).items() if value is not None}
        self.api.apply({**manifest, "spec": asked})
        return name

    def serve(self, *namespaces: str, **spec: Any) -> str:
        """Write AWS access and credential, and wait until all namespaces are served."""
        self.set_aws_access()
        name = self.set_credential(namespaces, **spec)
        self.until("every namespace is served", lambda: self.is_ready(name))
        return name

    # Looking at things.

    def credential(self, name: str) -> Object:
        """Return an `AWSECRCredential`."""
        found = self.api.find(KIND, name)
        assert found is not None
        return found

    def status(self, name: str) -> Object:
        """Return the status of a credential; empty: it has none yet."""
        status: Object = self.credential(name).get("status", {})
        return status

    def condition(self, name: str, kind: str = "Ready") -> tuple[str, str]:
        """Return status and reason of a condition that is about the spec as it is now."""
        found = self.credential(name)
        for each in found.get("status", {}).get("conditions", []):
            current = each["observedGeneration"] == found["metadata"]["generation"]
            if each["type"] == kind and current:
                return each["status"], each["reason"]
        return "Unknown", "Unknown"

    def is_ready(self, name: str) -> bool:
        """Tell whether `Ready` is true."""
        return self.condition(name)[0] == "True"

    def find_secret(self, namespace: str, name: str = "ecr-login") -> PullSecret | None:
        """Return a pull secret; None: there is none."""
        found = self.api.find("Secret", name, namespace)
        if found is None:
            return None
        metadata = found["metadata"]
        return PullSecret(
            uid=metadata["uid"],
            version=metadata["resourceVersion"],
            docker_config=base64.b64decode(found.get("data", {}).get(DATA_KEY, "")),
            annotations=metadata.get("annotations", {}),
            labels=metadata.get("labels", {}),
        )

    def secret(self, namespace: str, name: str = "ecr-login") -> PullSecret:
        """Return a pull secret that is there."""
        found = self.find_secret(namespace, name)
        assert found is not None
        return found

    def pulls(self, namespace: str, *, name: str = "ecr-login", host: str = HOST) -> bool:
        """Tell whether a pod of the namespace could pull."""
        found = self.find_secret(namespace, name)
        return found is not None and self.aws.pull(found.docker_config, host) == 200

    def events(self, name: str) -> list[Object]:
        """Return the Events on a credential."""
        query = f"?fieldSelector=involvedObject.uid={self.credential(name)['metadata']['uid']}"
        return self.api.list("Event", "default", query=query)

    def until(self, what: str, condition: Callable[[], bool], within: timedelta = SOON) -> None:
        """Wait for a condition."""
        wait_for(what, condition, within)
