"""Secrets and namespaces come and go while pods are created."""

from tests.cluster.stage import Stage
from tests.e2e.workloads import Workloads
from tests.nodes import needs_node

pytestmark = needs_node


def test_a_pod_runs_whose_secret_was_just_deleted(stage: Stage, workloads: Workloads) -> None:
    """By hand, and the pod is created in the same moment."""
    shop, image = workloads.make_namespace("shop"), workloads.image()
    stage.serve(shop)

    stage.api.delete("Secret", "ecr-login", shop)
    workloads.create_pod(shop, image)

    workloads.until_running(shop)
    assert _pulled_with(workloads, image) == workloads.shown_by(shop)


def test_a_deployment_runs_in_a_namespace_that_was_just_made(
    stage: Stage, workloads: Workloads
) -> None:
    """The object names the namespace before it is there; then both come in one breath."""
    shop, later = workloads.make_namespace("shop"), stage.name("later")
    stage.set_aws_access()
    stage.set_credential([shop, later])
    stage.until("the other one is served", lambda: stage.pulls(shop))

    stage.make_namespace("later")
    image = workloads.image()
    workloads.deploy(later, image)

    workloads.until_deployed(later)
    assert _pulled_with(workloads, image) == workloads.shown_by(later)


def test_a_deployment_runs_in_a_namespace_that_was_made_again(
    stage: Stage, workloads: Workloads
) -> None:
    """What goes with a namespace comes back with it."""
    shop = workloads.make_namespace("shop")
    stage.serve(shop)
    workloads.deploy(shop, workloads.image())
    workloads.until_deployed(shop)

    stage.api.delete("Namespace", shop)
    stage.until("it is gone", lambda: stage.api.find("Namespace", shop) is None)
    stage.make_namespace("shop")
    image = workloads.image()
    workloads.deploy(shop, image)

    workloads.until_deployed(shop)
    assert _pulled_with(workloads, image) == workloads.shown_by(shop)


def _pulled_with(workloads: Workloads, image: str) -> str:
    """Return the digest of the token that an image was pulled with; none may have been refused."""
    visits = workloads.visits(image)
    assert {visit.status for visit in visits} == {200}
    return visits[-1].shown
