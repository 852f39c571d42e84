"""What a refresh costs the pods of an image that the node already has (KEP-2535).

The node remembers which credentials an image was pulled with. It lets a pod have the image without
asking the registry if the pod's secret is one of those, by its UID or by what it holds.
"""

from datetime import datetime, timedelta

from ecr_secrets.core.spec import GROUP
from testbed.aws.iam import ACCOUNT
from tests.cluster.stage import HOST, REGION, Stage
from tests.e2e.workloads import Workloads
from tests.nodes import needs_node

pytestmark = needs_node

_LIFE, _FULL = timedelta(seconds=12), timedelta(hours=12)


def test_a_refresh_costs_no_request(stage: Stage, workloads: Workloads, told: list[str]) -> None:
    """Neither where the image was pulled nor in another namespace, which only ran it before."""
    shop, blog = workloads.make_namespace("shop"), workloads.make_namespace("blog")
    image = workloads.image()
    stage.aws.set_token_lifetime(_LIFE)
    stage.serve(shop, blog)
    for namespace in (shop, blog):
        workloads.create_pod(namespace, image)
        workloads.until_running(namespace)
    before = workloads.all_visits(image)
    stage.aws.set_token_lifetime(_FULL)
    stage.until(
        "a token that lasts is in both",
        lambda: all(_lasts(stage, namespace) for namespace in (shop, blog)),
    )

    for namespace in (blog, shop):  # first where it was not pulled
        workloads.create_pod(namespace, image, name="next")
        workloads.until_running(namespace, "next")

    assert workloads.all_visits(image) == before
    told.append("Requests to the registry for the next pod of an image that the node has:")
    told.append("  0 after a refresh in place, in each of 2 namespaces that ran it before")


def test_the_first_pod_of_a_second_namespace_costs_no_request(
    stage: Stage, workloads: Workloads, told: list[str]
) -> None:
    """All namespaces hold the same token, which the node knows wherever it was shown first."""
    shop, blog = workloads.make_namespace("shop"), workloads.make_namespace("blog")
    image = workloads.image()
    stage.serve(shop, blog)
    workloads.create_pod(shop, image)
    workloads.until_running(shop)
    before = workloads.all_visits(image)

    workloads.create_pod(blog, image)
    workloads.until_running(blog)

    assert before != []
    assert workloads.all_visits(image) == before
    told.append("  0 for the first pod of a second namespace")


def test_deleting_and_creating_the_secret_costs_requests(
    stage: Stage, workloads: Workloads, told: list[str]
) -> None:
    """The recipe that is pasted into pipelines, for comparison: the registry is asked again."""
    shop, image = workloads.make_namespace("shop"), workloads.image()
    _paste_recipe(stage, shop)
    workloads.create_pod(shop, image)
    workloads.until_running(shop)
    before = workloads.all_visits(image)

    _paste_recipe(stage, shop)
    workloads.create_pod(shop, image, name="next")

    workloads.until_running(shop, "next")
    cost = len(workloads.all_visits(image)) - len(before)
    assert cost > 0
    told.append(f"  {cost} after the pasted recipe, which deletes the secret and creates it")


def _lasts(stage: Stage, namespace: str) -> bool:
    """Tell whether the token of a namespace is not one of those that live for seconds."""
    dates = stage.secret(namespace).annotations
    issued, expires = (dates[f"{GROUP}/refreshed-at"], dates["expiry"])
    return datetime.fromisoformat(expires) - datetime.fromisoformat(issued) > _FULL / 2


def _paste_recipe(stage: Stage, namespace: str) -> None:
    """Delete the secret and create it with a new token."""
    token = stage.aws.ask(lambda aws: aws.tokens.issue(ACCOUNT, REGION, now=aws.clock()))
    kubectl = stage.site.control_plane.kubectl
    kubectl("delete", "secret", "ecr-login", f"--namespace={namespace}", "--ignore-not-found")
    kubectl(
        *("create", "secret", "docker-registry", "ecr-login", f"--namespace={namespace}"),
        *(f"--docker-server={HOST}", "--docker-username=AWS"),
        f"--docker-password={token.password}",
    )
