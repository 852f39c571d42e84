"""`kubectl apply -f manifests/install.yaml` is all it takes."""

import argparse
import copy
import json
from typing import Any

import pytest
import yaml

from ecr_secrets.cli.flags import add_flags, read_config
from ecr_secrets.settings import Config, variable_of
from manifests.install import NAME as POLICY
from testbed.operator import INSTALL, NAMESPACE
from tests.cluster.stage import Stage


@pytest.fixture(scope="module")
def deployment() -> dict[str, Any]:
    """The Deployment of the file."""
    objects = yaml.safe_load_all(INSTALL.read_text())
    (found,) = [each for each in objects if each["kind"] == "Deployment"]
    return dict(found)


def _pod(deployment: dict[str, Any]) -> dict[str, Any]:
    template = copy.deepcopy(deployment["spec"]["template"])
    template["metadata"] |= {"name": "tried", "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Pod", **template}


@pytest.mark.parametrize("flags", [["--server-side", "--force-conflicts"], []])
def test_kubectl_applies_it_and_again(stage: Stage, flags: list[str]) -> None:
    """Client-side and server-side, on what is there already; a second time changes nothing."""
    kubectl = stage.site.control_plane.kubectl

    kubectl("apply", *flags, "-f", INSTALL)
    before = _stored(stage)
    kubectl("apply", *flags, "-f", INSTALL)

    assert _stored(stage) == before


def _stored(stage: Stage) -> list[dict[str, Any]]:
    """Return the objects as the cluster has them, without what controllers write into them."""
    found = json.loads(stage.site.control_plane.kubectl("get", "-f", INSTALL, "--output=json"))
    for each in found["items"]:
        each.pop("status", None)
        del each["metadata"]["resourceVersion"]
    return list(found["items"])


def test_its_pod_meets_the_restricted_standard(stage: Stage, deployment: dict[str, Any]) -> None:
    """The namespace enforces it, so that a pod that did not would never start."""
    status, answer = stage.api.try_to_create(_pod(deployment), dry_run=True)

    assert status == 201, answer["message"]
    namespace = stage.api.find("Namespace", NAMESPACE)
    assert namespace is not None
    enforced = namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    assert enforced == "restricted"


def test_the_standard_is_really_enforced(stage: Stage, deployment: dict[str, Any]) -> None:
    """A pod that may become root is refused there; otherwise the test above shows nothing."""
    pod = _pod(deployment)
    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True

    status, answer = stage.api.try_to_create(pod, dry_run=True)

    assert status == 403
    assert "allowPrivilegeEscalation" in answer["message"]


def test_the_pod_reads_every_flag_it_is_given(deployment: dict[str, Any]) -> None:
    """The names of the file are those that the operator goes by without any flag."""
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    variables = {entry["name"] for entry in container["env"]}
    parser = argparse.ArgumentParser()
    add_flags(parser)
    run, *flags = container["args"]

    config = read_config(parser.parse_args(flags), {})

    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert (run, config) == ("run", Config(webhook_port=ports.pop("webhook")))
    assert variables <= {variable_of(name) for name in Config.__dataclass_fields__}
    assert ports == {"metrics": config.metrics_port, "health": config.health_port}


def test_the_admission_policy_fits_the_types_it_speaks_of(stage: Stage) -> None:
    """The API server's own check of its expressions has nothing to warn of."""

    def check() -> dict[str, Any] | None:
        policy = stage.api.find("ValidatingAdmissionPolicy", POLICY)
        assert policy is not None
        status = policy.get("status", {})
        seen = status.get("observedGeneration") == policy["metadata"]["generation"]
        return status.get("typeChecking") if seen else None

    stage.until("it is checked", lambda: check() is not None)

    assert check() == {}
