"""When a webhook is registered, when it is not, and what readiness says about it."""

import threading
from base64 import b64encode
from collections.abc import Callable, Iterator

import pytest

from ecr_secrets.core.spec import KIND as CREDENTIAL
from ecr_secrets.core.webhook_configuration import NAME
from manifests.install import rules
from testbed.certificates import Authority
from testbed.operator import install
from tests.cluster.api import Object
from tests.cluster.audit import position, requests_of_operator, writes
from tests.cluster.other_operator import operated, resting
from tests.cluster.pods import Village, a_pod, configuration
from tests.cluster.stage import HEALED, Site, Stage
from tests.cluster.webhook_health import readiness

KIND = "ValidatingWebhookConfiguration"
ROLE = f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{NAME}"
_MERGE = "application/merge-patch+json"
_MOST_HEALED = 20  # within half a minute
_OURS = [rule for rule in rules() if rule["resources"] == [f"{KIND.lower()}s"]]
_OTHERS = [rule for rule in rules() if rule not in _OURS]
_STRANGER = b64encode(Authority("somebody").certificate_pem).decode()


def _served(stage: Stage) -> Village:
    """Make a namespace whose pods the operator is asked about."""
    made = Village(stage, "shop")
    made.serve()
    return made


def _uid(stage: Stage) -> str:
    found = configuration(stage)
    assert found is not None
    return str(found["metadata"]["uid"])


def test_without_credentials_nothing_is_registered_and_all_is_well(stage: Stage) -> None:
    """There is no pod to ask about; a replica is ready all the same."""
    for each in stage.api.list(CREDENTIAL):
        stage.api.delete(CREDENTIAL, each["metadata"]["name"])

    stage.until("nothing is registered", lambda: configuration(stage) is None)

    assert readiness(stage) == (200, "ok\n")


def test_a_restart_leaves_the_registration_in_place(stage: Stage) -> None:
    """It is not taken for superfluous before the credentials are known, nor left behind."""
    village = _served(stage)
    before, pod = _uid(stage), a_pod(village.namespaces[0], village.secret)

    assert stage.operator.stop() == 0
    stage.operator.start()

    stage.until("pods are asked about", lambda: village.is_asked_about(pod))
    assert _uid(stage) == before


@pytest.fixture
def granted(spare_stage: Stage) -> Iterator[Stage]:
    """A stage whose operator has all its rights again afterwards."""
    yield spare_stage
    install(spare_stage.site.control_plane)


def test_without_the_right_to_register_it_is_not_ready_and_says_why(granted: Stage) -> None:
    """Pods flow meanwhile; once granted, all is well without a restart."""
    stage, village = granted, _served(granted)
    _grant(stage, _OTHERS)
    stage.api.delete(KIND, NAME)

    stage.until("it says so", lambda: "Forbidden" in readiness(stage)[1], HEALED)

    status, text = readiness(stage)
    assert status == 503
    assert text.startswith("the webhook is not registered: Forbidden: ")
    assert village.create(village.namespaces[0]).status == 201
    install(stage.site.control_plane)
    stage.until("it is ready", lambda: readiness(stage)[0] == 200, HEALED)
    village.await_registration()


def test_with_a_bundle_that_does_not_trust_it_it_is_not_ready_and_says_why(granted: Stage) -> None:
    """Also when it may not mend the bundle; once it may, all is well without a restart."""
    stage, village = granted, _served(granted)
    _grant(stage, [*_OTHERS, *({**rule, "verbs": ["get", "list", "watch"]} for rule in _OURS)])
    found = configuration(stage)
    assert found is not None
    (webhook,) = found["webhooks"]
    client = {**webhook["clientConfig"], "caBundle": _STRANGER}
    _set_webhooks(stage, [{**webhook, "clientConfig": client}])

    stage.until("it says so", lambda: "Forbidden" in readiness(stage)[1], HEALED)

    status, text = readiness(stage)
    assert status == 503
    assert text.startswith(
        "the webhook configuration does not trust the serving certificate: Forbidden: "
    )
    assert village.create(village.namespaces[0]).status == 201
    install(stage.site.control_plane)
    stage.until("it is ready", lambda: readiness(stage)[0] == 200, HEALED)
    village.await_registration()


def _grant(stage: Stage, granted: list[Object]) -> None:
    """Give the operator these rights in all the cluster, and no others."""
    changes = {"rules": granted}
    answer = stage.site.control_plane.request("PATCH", ROLE, changes, content_type=_MERGE)
    assert answer[0] == 200


def test_the_registration_goes_with_the_role_and_comes_back_with_it(granted: Stage) -> None:
    """Uninstalling leaves nothing behind; who installs it again has it owned by the new role."""
    stage, village = granted, _served(granted)
    before = _uid(stage)

    assert stage.site.control_plane.request("DELETE", ROLE)[0] == 200

    stage.until("it is collected", lambda: configuration(stage) is None)
    install(stage.site.control_plane)
    village.await_registration()
    found = configuration(stage)
    assert found is not None
    assert found["metadata"]["uid"] != before
    role: Object = stage.site.control_plane.request("GET", ROLE)[1]
    owners = [owner["uid"] for owner in found["metadata"]["ownerReferences"]]
    assert owners == [role["metadata"]["uid"]]


@pytest.fixture(scope="module")
def rested(site: Site) -> Iterator[Site]:
    """The shared control plane, with nobody at work there."""
    with resting(site) as found:
        yield found


def test_switched_off_the_webhook_leaves_no_registration(rested: Site) -> None:
    """Nobody would answer it, and every pod would wait for that."""
    with operated(rested) as site, Stage(site) as stage:
        _served(stage)
        _uid(stage)  # it is there
        with operated(_stopped(site), webhook=False) as quiet:
            stage.until("it is removed", lambda: configuration(stage) is None)

            assert readiness(Stage(quiet)) == (200, "ok\n")


def _stopped(site: Site) -> Site:
    assert site.operator.stop() == 0
    return site


class War:
    """Somebody who undoes what the operator writes, as soon as he sees it, while entered."""

    def __init__(self, stage: Stage, undo: Callable[[], None]) -> None:
        self._stage = stage
        self._undo = undo
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._wage, name="somebody")
        self.undone = 0

    def __enter__(self) -> "War":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _wage(self) -> None:
        while not self._over.wait(0.02):
            found = configuration(self._stage)
            if found and found["webhooks"][0]["failurePolicy"] == "Ignore":
                self._undo()
                self.undone += 1


def test_a_war_over_the_registration_is_bounded(rested: Site) -> None:
    """Twenty times in half a minute it is healed, then its opponent has his way for a while."""
    with operated(rested) as site, Stage(site) as stage:
        _served(stage)
        since = position(site.control_plane)
        found = configuration(stage)
        assert found is not None
        other = [{**found["webhooks"][0], "failurePolicy": "Fail"}]

        with War(stage, lambda: _set_webhooks(stage, other)) as war:
            stage.until("it is left alone", lambda: war.undone > _MOST_HEALED)
            stage.until("that is logged", lambda: _is_contested(stage))

        written = writes(requests_of_operator(site.control_plane, since=since))
        healed = [event for event in written if event.resource == f"{KIND.lower()}s"]
        assert len([event for event in healed if event.status < 300]) == _MOST_HEALED


def _set_webhooks(stage: Stage, webhooks: list[Object]) -> None:
    stage.api.merge(KIND, NAME, {"webhooks": webhooks})


def _is_contested(stage: Stage) -> bool:
    return any(line.get("reason") == "Contested" for line in stage.operator.log())
