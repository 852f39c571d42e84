"""An installation on a control plane: applied as its reader would, and taken away again."""

import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Self

from ecr_secrets.core.objects import ObjectKey
from manifests.install import NAME, NAMESPACE
from testbed.control_plane import ControlPlane
from testbed.operator import flags_of
from testbed.waiting import wait_for
from tests.cluster.admission_policy.ward import Account
from tests.cluster.privileges.grants import grants_of, is_in_force
from tests.helm.helm import Object, container_of

_LOGIN = ObjectKey("default", "ecr-login")  # what every choice of rights lets the operator write
_SOON = timedelta(seconds=30)
_LEFT = {"Namespace", "CustomResourceDefinition"}  # for the next one: making them takes its time


class Installation:
    """There while it is entered, with its rights and its policy in force."""

    def __init__(
        self, cluster: ControlPlane, objects: list[Object], apply: Callable[[], object]
    ) -> None:
        """Choose what is installed.

        Args:
            cluster: where to.
            objects: all of it.
            apply: does so.
        """
        self._cluster = cluster
        self.objects = objects
        self._apply = apply
        self._arguments = list(container_of(objects)["args"])

    def __enter__(self) -> Self:
        self._apply()
        grants = grants_of(self.objects)
        wait_for(
            "its rights are in force",
            lambda: all(is_in_force(self._cluster, each) for each in grants),
            _SOON,
        )
        wait_for("the operator is confined", self._is_confined, _SOON)
        return self

    def __exit__(self, *_: object) -> None:
        made = [each for each in self.objects if each["kind"] not in _LEFT]
        stream = "\n---\n".join(map(json.dumps, made))
        flags = ("--ignore-not-found", "--wait=false")
        self._cluster.kubectl("delete", *flags, "--filename=-", input=stream)
        for kind in ("secret", "lease", "pod"):
            self._cluster.kubectl("delete", kind, "--all", f"--namespace={NAMESPACE}", *flags)
        wait_for("it is gone", lambda: not self._is_there(made), _SOON)

    @property
    def has_webhook(self) -> bool:
        """Whether the operator answers pods."""
        return any(word.startswith("--webhook-port=") for word in self._arguments)

    def is_registered(self) -> bool:
        """Tell whether the API server asks it about pods."""
        (name,) = [
            word.partition("=")[2]
            for word in self._arguments
            if word.startswith("--webhook-configuration=")
        ]
        group = "/apis/admissionregistration.k8s.io/v1"
        path = f"{group}/validatingwebhookconfigurations/{name}"
        return self._cluster.request("GET", path)[0] == 200

    def arguments(self, folder: Path) -> list[str]:
        """Return the flags of the container, but for those that the testbed sets.

        Args:
            folder: has the files that the pod would have mounted.
        """
        mounts = container_of(self.objects).get("volumeMounts", [])
        kept = flags_of(self._arguments)
        for mount in mounts:
            kept = [word.replace(f"={mount['mountPath']}/", f"={folder}/") for word in kept]
        return kept

    def _is_confined(self) -> bool:
        """Try as the operator what roles allow and the policy forbids, without effect."""
        account = Account(self._cluster, self._cluster.token_for(NAMESPACE, NAME))
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": _LOGIN.name}}
        answer = account.ask("apply", _LOGIN, secret, dry_run=True)
        return answer.status == 422 and "denied request" in answer.words

    def _is_there(self, objects: Iterable[Object]) -> bool:
        stream = "\n---\n".join(map(json.dumps, objects))
        found = self._cluster.kubectl(
            "get", "--ignore-not-found", "--output=name", "--filename=-", input=stream
        )
        return bool(found.strip())
