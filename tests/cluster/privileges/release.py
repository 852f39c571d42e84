"""A release of the chart on the control plane: its objects, without the pods that nobody runs."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from ecr_secrets.core.objects import ObjectKey
from testbed.control_plane import ControlPlane
from testbed.operator import NAMESPACE, SERVICE_ACCOUNT, flags_of
from testbed.waiting import wait_for
from tests.cluster.admission_policy.ward import Account
from tests.cluster.api import Object
from tests.cluster.privileges.grants import Grant, grants_of, is_in_force
from tests.cluster.privileges.profiles import LOGIN, SHOP
from tests.helm.helm import Helm, container_of

# Made full names of it, so that the ServiceAccount is the one `Operator` runs with.
_RELEASE = SERVICE_ACCOUNT
CLUSTER_NAME = f"{_RELEASE}.{NAMESPACE}"  # of the release's cluster-wide objects
RECORD = f"{_RELEASE}-webhook"  # the Secret of the webhook's authorities
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{_RELEASE}"
REGISTRATION = (
    f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{CLUSTER_NAME}"
)

_IN_FORCE = timedelta(seconds=30)  # API servers follow what was applied, usually within a second
_LEFT_OUT = {"Deployment", "Pod", "PodDisruptionBudget"}


class Release:
    """Installed while it is entered, and gone without a trace afterwards."""

    def __init__(self, control_plane: ControlPlane, helm: Helm, values: Mapping[str, Any]) -> None:
        """Render it.

        Args:
            control_plane: has the CRD already.
            helm: to render with.
            values: of the chart.
        """
        self._control_plane = control_plane
        rendered = helm.render({**values, "crds": {"install": False}}, name=_RELEASE, ns=NAMESPACE)
        self._arguments = container_of(rendered)["args"]
        self._objects = [each for each in rendered if each["kind"] not in _LEFT_OUT]
        self.is_confined = any(each["kind"] == "ValidatingAdmissionPolicy" for each in rendered)

    def __enter__(self) -> Self:
        self._kubectl("apply", "--server-side")
        self._until("its rights are in force", all)
        account = Account(
            self._control_plane, self._control_plane.token_for(NAMESPACE, SERVICE_ACCOUNT)
        )
        wait_for(
            "the policy is in force, or that of the release before no longer",
            lambda: _is_confined(account) == self.is_confined,
            _IN_FORCE,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._kubectl("delete", "--ignore-not-found", "--wait=false")
        for path in (LEASE, REGISTRATION, f"/api/v1/namespaces/{NAMESPACE}/secrets/{RECORD}"):
            self._control_plane.request("DELETE", path)
        self._until("its rights are gone", lambda granted: not any(granted))

    @property
    def grants(self) -> list[Grant]:
        """What its roles grant."""
        return grants_of(self._objects)

    @property
    def has_webhook(self) -> bool:
        """Whether the operator answers pods."""
        return any(word.startswith("--webhook-port=") for word in self._arguments)

    def arguments(self, folder: Path) -> list[str]:
        """Return the flags of the container, but for those that `Operator` sets.

        Args:
            folder: where the files are that the pod has mounted.
        """
        flags = flags_of(self._arguments)
        return [word.replace("/etc/ecr-secrets/serving", str(folder)) for word in flags]

    def role(self, kind: str, name: str) -> Object:
        """Return one of its roles."""
        (found,) = (
            each
            for each in self._objects
            if (each["kind"], each["metadata"]["name"]) == (kind, name)
        )
        return found

    def _until(self, what: str, condition: Any) -> None:
        def holds() -> bool:
            return bool(condition(is_in_force(self._control_plane, each) for each in self.grants))

        wait_for(what, holds, _IN_FORCE)

    def _kubectl(self, *words: str) -> None:
        stream = "\n---\n".join(json.dumps(each) for each in self._objects)
        self._control_plane.kubectl(*words, "--filename=-", input=stream)


def _is_confined(account: Account) -> bool:
    """Try what every choice of rights allows and the policy forbids, without effect."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": LOGIN}}
    answer = account.ask("apply", ObjectKey(SHOP, LOGIN), secret, dry_run=True)
    return "denied request" in answer.words if answer.status == 422 else False
