"""A cluster in the hands of an administrator who follows the documentation."""

import base64
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ecr_secrets.core.spec import API_VERSION, KIND
from testbed.aws.iam import AccessKey
from testbed.control_plane import ControlPlane
from testbed.errors import ControlPlaneError
from testbed.operator import NAMESPACE, SERVICE_ACCOUNT, Operator, flags_of
from testbed.waiting import wait_for
from tests.cluster.api import Api, Object
from tests.cluster.aws_thread import AwsThread
from tests.cluster.canaries import note_cluster, note_operator
from tests.cluster.stage import DATA_KEY, HOST, REGION
from tests.lifecycle.recipes import Shell

CREDENTIAL = "my-ecr-credentials"
SECRET = "ecr-login"
POD = {"containers": [{"name": "app", "image": "app"}]}

# The garbage collector learns of a new kind within 30 s, and the machine may be busy.
SOON = timedelta(seconds=60)
_LOG_SHOWN = 8000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What there is: a cluster, an AWS, two namespaces with pods."""

    cluster: ControlPlane
    aws: AwsThread
    key: AccessKey
    shell: Shell
    chart: str
    shop: str
    blog: str

    @property
    def api(self) -> Api:
        """What the administrator does without the documentation."""
        return Api(self.cluster)

    def follow(self, title: str, **chosen: str) -> str:
        """Run the commands under a heading of the page, with this place's names."""
        return self.shell.follow(title, {"CHART": self.chart, **chosen})

    def install(self) -> None:
        """Install the chart, also where the CRD is there already."""
        self.follow("Hand the kind over")
        self.follow("Install it")

    def make(self) -> None:
        """Make the namespaces, and the AWS key that objects name."""
        for name in (self.shop, self.blog):
            self.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        values = {
            "AWS_ACCESS_KEY_ID": self.key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.key.secret_access_key,
            "AWS_REGION": REGION,
        }
        metadata = {"name": "aws-access", "namespace": "default"}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
        self.api.apply({**secret, "stringData": values})

    def ask_for(self, *namespaces: str, secret_name: str = SECRET) -> Object:
        """Write the object that asks for pull secrets, and return it."""
        spec: Object = {
            "awsAccess": {"secretName": "aws-access"},
            "secretName": secret_name,
            "namespaces": list(namespaces or (self.shop, self.blog)),
        }
        manifest = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": CREDENTIAL}}
        return self.api.apply({**manifest, "spec": spec})

    @contextmanager
    def operator(self) -> Iterator[Operator]:
        """Run what the Deployment would run, and end it as Kubernetes would."""
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{SERVICE_ACCOUNT}"
        _, deployment = self.cluster.request("GET", path)
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        arguments = flags_of(container["args"])
        kubeconfig = self.cluster.kubeconfig_for(NAMESPACE, SERVICE_ACCOUNT)
        wait_for("the operator is confined", lambda: self._is_confined(str(kubeconfig)), SOON)
        with Operator(self.cluster, self.aws.environment(), arguments=arguments) as running:
            try:
                yield running
            finally:
                sys.stderr.write(running.log_text()[-_LOG_SHOWN:])  # shown if the test failed
            note_operator(self.shop, running)
            note_cluster(self.shop, self.cluster)
            assert running.stop() == 0

    def _is_confined(self, kubeconfig: str) -> bool:
        """Try as the operator what the policy forbids, without effect."""
        path = f"/api/v1/namespaces/{NAMESPACE}/secrets?dryRun=All"
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "forbidden"}}
        try:
            self.cluster.kubectl(
                f"--kubeconfig={kubeconfig}",
                *("create", f"--raw={path}", "-f-"),
                input=json.dumps(secret),
            )
        except ControlPlaneError as error:
            return "denied request" in str(error)
        return False

    # Looking at things.

    def secret(self, namespace: str, name: str = SECRET) -> Object | None:
        """Return a Secret; None: there is none."""
        return self.api.find("Secret", name, namespace)

    def secrets(self, name: str = SECRET) -> list[Object]:
        """Return the pull secrets of both namespaces."""
        found = (self.secret(each, name) for each in (self.shop, self.blog))
        return [each for each in found if each]

    def pulls(self, namespace: str, name: str = SECRET) -> bool:
        """Tell whether a pod of the namespace could pull."""
        found = self.secret(namespace, name)
        return found is not None and self.opens(base64.b64decode(found["data"][DATA_KEY]))

    def opens(self, docker_config: bytes) -> bool:
        """Tell whether a registry lets in who shows this."""
        return self.aws.pull(docker_config, HOST) == 200

    def condition(self) -> tuple[str, str]:
        """Return status and reason of `Ready` of the object."""
        found = self.api.find(KIND, CREDENTIAL) or {}
        for each in found.get("status", {}).get("conditions", []):
            if each["type"] == "Ready":
                return each["status"], each["reason"]
        return "Unknown", "Unknown"

    def admits(self, **metadata: Any) -> tuple[int, str]:
        """Try to create a pod that pulls with the secret; return HTTP status and message."""
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "tried", "namespace": self.shop, **metadata},
            "spec": {**POD, "imagePullSecrets": [{"name": SECRET}]},
        }
        status, answer = self.api.try_to_create(pod, dry_run=True)
        return status, str(answer.get("message", ""))

    def names(self, kinds: str, *options: str) -> list[str]:
        """Return kind and name of what there is."""
        return self.cluster.kubectl("get", kinds, "-o=name", *options).split()

    def until(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait for a condition."""
        wait_for(what, condition, SOON)
