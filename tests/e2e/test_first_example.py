"""The example of the original operator's README, on a node."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster.stage import REGION, Stage
from tests.e2e.workloads import Workloads
from tests.first_example import EXAMPLE
from tests.nodes import needs_node

pytestmark = needs_node

NAMESPACES = ("ns1", "ns2", "ns3", "ns4")


@pytest.fixture
def example(stage: Stage) -> Iterator[None]:
    """The example as its reader applies it: namespaces, AWS keys, object."""
    kubectl = stage.site.control_plane.kubectl
    for namespace in NAMESPACES:
        kubectl("create", "namespace", namespace)
    data = {
        "AWS_ACCESS_KEY_ID": stage.key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": stage.key.secret_access_key,
        "AWS_REGION": REGION,
    }
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "aws-access"}}
    kubectl("create", "-f", "-", input=json.dumps({**secret, "stringData": data}))
    kubectl("create", "-f", "-", input=EXAMPLE)
    yield
    kubectl("delete", "-f", "-", input=EXAMPLE)
    kubectl("delete", "secret", "aws-access")
    kubectl("delete", "namespace", "--wait=false", *NAMESPACES)


@pytest.mark.usefixtures("example")
def test_a_deployment_runs_in_each_namespace(stage: Stage, workloads: Workloads) -> None:
    """Each pulls an image of its own, with the token that the operator has put there."""
    stage.until("it is ready", lambda: stage.is_ready("my-ecr-credentials"))
    images = {namespace: workloads.image() for namespace in NAMESPACES}

    for namespace, image in images.items():
        workloads.deploy(namespace, image)

    for namespace, image in images.items():
        workloads.until_deployed(namespace)
        assert workloads.troubles(namespace) == []
        visits = workloads.visits(image)
        assert {visit.status for visit in visits} == {200}
        assert {visit.shown for visit in visits} == {workloads.shown_by(namespace)}
