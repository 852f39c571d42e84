"""A container that pulls each time it starts, over many tokens."""

from datetime import timedelta

from tests.cluster.stage import Stage
from tests.e2e.workloads import Workloads
from tests.nodes import needs_node

pytestmark = needs_node

_LIFE = timedelta(seconds=12)  # AWS is asked every 5 s at most, so that shorter ones run low
_LIVES = 10
# Each is replaced after half of its life and up to a tenth of it, and seen at the next start.
_TOKENS = 2 * _LIVES
_WITHIN = timedelta(seconds=300)


def test_no_pull_is_refused_in_ten_token_lives(stage: Stage, workloads: Workloads) -> None:
    """The node asks the registry at every start; it always has a token that is good."""
    shop, image = workloads.make_namespace("shop"), workloads.image()
    stage.aws.set_token_lifetime(_LIFE)
    stage.serve(shop)
    secret = stage.secret(shop)

    workloads.create_pod(shop, image, pull="Always", seconds=0.5)

    stage.until(
        "ten lives are over",
        lambda: len({visit.shown for visit in workloads.visits(image)}) >= _TOKENS,
        _WITHIN,
    )
    assert {visit.status for visit in workloads.visits(image)} == {200}
    assert workloads.troubles(shop) == []  # nor without a token at all
    assert stage.secret(shop).uid == secret.uid
    assert workloads.pod(shop)["status"]["containerStatuses"][0]["restartCount"] > _TOKENS
