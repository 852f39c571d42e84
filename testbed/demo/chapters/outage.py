"""AWS away for a while, and half of a life to get over it."""

import asyncio
from datetime import timedelta

from testbed.demo import checks
from testbed.demo.chapter import Chapter, Promise, Step
from testbed.demo.props import Props
from testbed.demo.wording import say_span

_RECOVERY = timedelta(seconds=60)  # everything is right again that long after a fault ends
# How long AWS stays away once it was missed. Less than what the operator waits at least between
# two tries (5 s), so that the next one finds AWS back.
_OUTAGE = timedelta(seconds=1.5)
# When AWS is back, the old tokens have less than half of their life left, by the 5 s at least that
# the operator waits. New ones have to outlive them, so they may be shorter than half by this much.
_SHORTER = timedelta(seconds=3)


def outage(props: Props) -> Chapter:
    """Show that nothing is lost while AWS is away."""
    shorter = props.life / 2 - _SHORTER

    async def go_down() -> None:
        props.aws.down = True

    async def come_up() -> None:
        await asyncio.sleep(_OUTAGE.total_seconds())
        props.aws.token_lifetime = shorter
        props.aws.down = False

    return Chapter(
        title="AWS goes down and comes back, with nothing lost",
        words=(
            "A refresh comes at half of a token's life, so half of it is left when AWS does not "
            "answer: 6 hours at AWS, here a few seconds. A pull secret that works is never given "
            "up for one that does not."
        ),
        steps=(
            Step(
                words="Take AWS down: every connection is cut. Wait until a refresh is due.",
                act=go_down,
                promises=(
                    Promise(
                        words="the object says what is wrong",
                        check=checks.condition("Degraded", "True", "AwsUnavailable"),
                        within=props.life,
                    ),
                    Promise(
                        words="it stays ready, since the pull secrets are still good",
                        check=checks.condition("Ready", "True", "PullSecretsReady"),
                    ),
                    Promise(words="pods go on pulling without AWS", check=checks.no_failed_pull),
                ),
            ),
            Step(
                words=(
                    f"Bring AWS back. Its new tokens live {say_span(shorter)} only, so that you "
                    "need not wait long for their end."
                ),
                act=come_up,
                promises=(
                    Promise(
                        words="every pull secret is refreshed, without a restart",
                        check=checks.refreshed(1),
                        within=_RECOVERY,
                    ),
                    Promise(
                        words="the object says that all is well again",
                        check=checks.condition("Degraded", "False", "AsExpected"),
                        within=_RECOVERY,
                    ),
                    Promise(
                        words="nothing was lost: every Secret kept its UID",
                        check=checks.same_secrets,
                    ),
                    Promise(
                        words="not one pull failed until AWS was back",
                        check=checks.no_failed_pull,
                    ),
                ),
            ),
        ),
    )
