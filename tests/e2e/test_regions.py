"""One secret for several registries, all of which one pod pulls from."""

from tests.cluster.stage import HOST, REGION, Stage
from tests.e2e.hosts import FAR, FAR_HOSTS, PARTNER
from tests.e2e.workloads import Workloads
from tests.nodes import needs_node

pytestmark = needs_node

_OWN_FAR, _PARTNERS = FAR_HOSTS


def test_a_pod_with_images_of_three_registries_runs(stage: Stage, workloads: Workloads) -> None:
    """Two regions, and a second account in one of them."""
    shop = workloads.make_namespace("shop")
    stage.aws.ask(lambda aws: aws.share(PARTNER))
    own = _OWN_FAR.partition(".")[0]
    stage.serve(
        shop, registries=[{"region": REGION}, {"region": FAR, "accountIds": [own, PARTNER]}]
    )
    images = [workloads.image(host) for host in (HOST, _OWN_FAR, _PARTNERS)]

    workloads.create_pod(shop, *images)

    workloads.until_running(shop)
    assert len(workloads.pod(shop)["status"]["containerStatuses"]) == len(images)
    assert workloads.troubles(shop) == []
    for image in images:
        assert {visit.status for visit in workloads.visits(image)} == {200}
