"""Whatever AWS does, a secret that can pull stays until there is a better one."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest

from testbed.aws import faults, nonsense
from testbed.aws.faults import Fault
from tests.cluster.stage import HEALED, PullSecret, Site, Stage

# It turns stale after eight seconds, and eight are left to look at what is told.
LIFE = timedelta(seconds=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What AWS does to one identity, and under which reason the user reads of it."""

    fault: Fault
    reason: str


TROUBLES = {
    "down": Trouble(fault=faults.RESET, reason="AwsUnavailable"),
    "denied": Trouble(fault=faults.ACCESS_DENIED, reason="AccessDenied"),
    "throttled": Trouble(fault=faults.THROTTLED, reason="AwsThrottled"),
    "broken": Trouble(fault=faults.SERVER_ERROR, reason="AwsUnavailable"),
    "html": Trouble(fault=faults.HTML_BODY, reason="InvalidRegistryToken"),
    "elsewhere": Trouble(fault=nonsense.ENDPOINTS[4], reason="InvalidRegistryToken"),
    "expired": Trouble(fault=nonsense.EXPIRIES[0], reason="InvalidRegistryToken"),
    "empty": Trouble(fault=nonsense.TOKENS[2], reason="InvalidRegistryToken"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """A credential that was served before its trouble began."""

    stage: Stage
    trouble: Trouble
    name: str
    namespace: str
    before: PullSecret

    def tells(self) -> bool:
        """Whether the trouble is told."""
        return self.stage.condition(self.name, "Degraded") == ("True", self.trouble.reason)

    def is_well(self) -> bool:
        """Whether all is as if nothing had been."""
        healed = self.stage.condition(self.name, "Degraded") == ("False", "AsExpected")
        return healed and self.stage.is_ready(self.name) and self.stage.pulls(self.namespace)


@pytest.fixture
def victims(site: Site) -> Iterator[list[Victim]]:
    """One credential per trouble, side by side: all turn stale at about the same time."""
    site.aws.set_token_lifetime(LIFE)
    with ExitStack() as stack:
        made: list[Victim] = []
        for trouble in TROUBLES.values():
            stage = stack.enter_context(Stage(site))
            namespace = stage.make_namespace("shop")
            name = stage.serve(namespace)
            stage.aws.misbehave(trouble.fault, stage.key)
            victim = Victim(
                stage=stage,
                trouble=trouble,
                name=name,
                namespace=namespace,
                before=stage.secret(namespace),
            )
            made.append(victim)
        yield made


def test_secrets_outlast_the_troubles_of_aws(site: Site, victims: list[Victim]) -> None:
    """`Ready` stays true and `Degraded` says why; when AWS is back, everything is refreshed."""
    for victim in victims:
        victim.stage.until(f"it tells of {victim.trouble}", victim.tells)
        assert victim.stage.is_ready(victim.name)
    for victim in victims:
        assert victim.stage.secret(victim.namespace) == victim.before
        assert victim.stage.pulls(victim.namespace)

    site.aws.behave()

    for victim in victims:
        victim.stage.until(f"all is well after {victim.trouble}", victim.is_well, HEALED)
        assert victim.stage.secret(victim.namespace).uid == victim.before.uid


def test_an_outage_that_outlasts_the_token_is_told_and_ends(stage: Stage) -> None:
    """When the last token has expired `Ready` is false, and true again soon after AWS is back."""
    stage.aws.set_token_lifetime(timedelta(seconds=6))
    shop = stage.make_namespace("shop")
    name = stage.serve(shop)
    before = stage.secret(shop)

    stage.aws.set_down(down=True)

    away = ("False", "AwsUnavailable")
    stage.until("it says that nobody can pull", lambda: stage.condition(name) == away)
    assert stage.secret(shop) == before
    stage.until("nobody can pull", lambda: not stage.pulls(shop))  # told up to a second early
    stage.aws.set_token_lifetime(timedelta(hours=12))
    stage.aws.set_down(down=False)
    stage.until("it pulls again", lambda: stage.pulls(shop), HEALED)
    stage.until("all is well", lambda: stage.is_ready(name))
    assert stage.secret(shop).uid == before.uid
