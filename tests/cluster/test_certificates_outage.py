"""Certificates expire while the API server is away; nobody can renew them then."""

from tests.cluster.other_operator import operated, resting
from tests.cluster.pods import Village, a_pod
from tests.cluster.stage import HEALED, Site, Stage
from tests.cluster.webhook_health import readiness
from tests.cluster.webhook_metrics import failed_open

_LIVES = (
    "--certificate-lifetime-seconds", "3",  # the shortest there is
    "--ca-lifetime-seconds", "6",
    "--ca-overlap-seconds", "1",
)  # fmt: skip


def test_what_expired_during_an_outage_is_made_anew_after_it(spare_site: Site) -> None:
    """The replica says that it is not ready, and when the API server is back, pods are asked."""
    with (
        resting(spare_site) as rested,
        operated(rested, *_LIVES) as site,
        Stage(site) as stage,
    ):
        village = Village(stage, "shop")
        village.serve()
        with site.control_plane.without_api_server():
            stage.until("its certificate has expired", lambda: readiness(stage)[0] == 503)

        pod = a_pod(village.namespaces[0], village.secret)
        stage.until("it is ready", lambda: readiness(stage)[0] == 200, HEALED)
        stage.until("pods are asked about", lambda: village.is_asked_about(pod), HEALED)
        failures = failed_open(stage.site.control_plane)
        assert all(village.is_asked_about(pod) for _ in range(5))
        assert failed_open(stage.site.control_plane) == failures
