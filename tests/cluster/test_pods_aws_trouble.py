"""Whatever AWS does while pods need it: they are admitted in time, and told why they may fail."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from testbed.aws import faults
from testbed.aws.hosts import registry_host
from testbed.aws.iam import ACCOUNT, AccessKey
from tests.cluster.pods import BOUND, EXPIRING, Answer, Village, add_aws_access
from tests.cluster.stage import HEALED, REGION, Site, Stage

TROUBLES = {
    "hanging": (faults.HANG, "NotInTime"),
    "refusing": (faults.RESET, "AwsUnavailable"),
    "denying": (faults.ACCESS_DENIED, "AccessDenied"),
    "throttling": (faults.THROTTLED, "AwsThrottled"),
    "500": (faults.SERVER_ERROR, "AwsUnavailable"),
    "503": (faults.UNAVAILABLE, "AwsUnavailable"),
    "nonsense": (faults.HTML_BODY, "InvalidRegistryToken"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """A credential with an identity of its own, whose pull secret has expired."""

    village: Village
    name: str
    secret: str
    key: AccessKey

    def create(self) -> Answer:
        """Create a pod that names the pull secret."""
        return self.village.create(self.village.namespaces[0], self.secret)

    def is_served(self) -> bool:
        """Tell whether the pull secret is there."""
        return self.village.stage.find_secret(self.village.namespaces[0], self.secret) is not None

    def pulls(self) -> bool:
        """Tell whether a pod could pull."""
        return self.village.stage.pulls(self.village.namespaces[0], name=self.secret)


FAR = "us-east-1"


@pytest.fixture(scope="module")
def victims(site: Site) -> Iterator[dict[str, Victim]]:
    """One per trouble: all have expired at about the same time."""
    with Stage(site) as stage:
        village = Village(stage, "shop")
        stage.aws.set_token_lifetime(EXPIRING)
        made = {short: _a_victim(village, short) for short in (*TROUBLES, "down")}
        stage.until("all are served", lambda: all(each.is_served() for each in made.values()))
        village.serve_expired()
        stage.until("all have expired", lambda: not any(each.pulls() for each in made.values()))
        yield made


def _a_victim(village: Village, short: str) -> Victim:
    stage, (shop,) = village.stage, village.namespaces
    victim = Victim(
        village=village,
        name=stage.name(short),
        secret=stage.name(short),
        key=stage.aws.new_key(),
    )
    stage.set_credential(
        [shop],
        short=short,
        secretName=victim.secret,
        awsAccess=add_aws_access(stage, short, victim.key),
        refreshPolicy="OnPodAdmission",
    )
    return victim


def _warning(credential: str, reason: str) -> str:
    return f"pull secret not refreshed: {reason}: AWSECRCredential {credential}"


@pytest.mark.parametrize("short", TROUBLES)
def test_a_pod_is_admitted_in_time_and_told_why_it_may_fail(
    victims: dict[str, Victim], short: str
) -> None:
    """One line names the credential and the reason; the pod starts all the same."""
    fault, reason = TROUBLES[short]
    victim = victims[short]
    victim.village.stage.aws.misbehave(fault, victim.key)

    answer = victim.create()

    assert (answer.status, answer.warnings) == (201, (_warning(victim.name, reason),))
    assert len(answer.warnings[0]) < 120
    assert answer.took < BOUND


def test_a_pod_that_comes_after_an_outage_finds_all_well(victims: dict[str, Victim]) -> None:
    """AWS away altogether: admitted with a warning; back again: the next pods are served."""
    victim = victims["down"]
    stage = victim.village.stage
    stage.aws.set_down(down=True)

    during = victim.create()
    stage.aws.set_down(down=False)

    assert (during.status, during.warnings) == (201, (_warning(victim.name, "AwsUnavailable"),))
    assert during.took < BOUND
    stage.until("a pod is admitted without", lambda: victim.create().warnings == (), HEALED)
    assert victim.pulls()


@pytest.mark.parametrize(
    "fault",
    [pytest.param(faults.ACCESS_DENIED, id="denied"), pytest.param(faults.HANG, id="hanging")],
)
def test_a_pod_is_told_that_its_pull_secret_lacks_a_region(
    stage: Stage, fault: faults.Fault
) -> None:
    """The first one, and all that follow, at no cost; once the region is back, nobody is."""
    village = Village(stage, "shop")
    (shop,) = village.namespaces
    name = village.serve_expired(registries=[{"region": REGION}, {"region": FAR}])
    far = registry_host(ACCOUNT, FAR)
    stage.until("both have", lambda: not stage.pulls(shop, host=far, name=village.secret))
    stage.aws.misbehave(fault, stage.key, region=FAR)
    before = village.admissions()

    answers = [village.create(shop) for _ in range(20)]
    results = village.admissions() - before
    near = village.pulls(shop)
    stage.aws.behave()

    warning = f"pull secret lacks {FAR}: AWSECRCredential {name}"
    assert {answer.warnings for answer in answers} == {(warning,)}
    assert results == {"refreshed": 1, "fresh": 19}
    assert near
    stage.until("a pod is admitted without", lambda: village.create(shop).warnings == (), HEALED)
    assert stage.pulls(shop, host=far, name=village.secret)
