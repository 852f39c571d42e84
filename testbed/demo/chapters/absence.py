"""The operator itself away for longer than a token lives."""

import asyncio

from testbed.demo import checks
from testbed.demo.chapter import Chapter, Promise, Step
from testbed.demo.props import NAMESPACES, NEWCOMER, SOON, Props

_EVERYBODY = (*NAMESPACES, NEWCOMER)
_TOO_EARLY, _IN_TIME = NAMESPACES[:2]


def absence(props: Props) -> Chapter:
    """Show that no pod waits for an operator that is away, nor for long when it is back."""

    async def stop() -> None:
        props.observer.count_pulls(count=False)
        await asyncio.to_thread(props.operator.stop)

    async def start() -> None:
        props.aws.token_lifetime = props.life
        await asyncio.to_thread(props.operator.start)
        await props.pods.create(_IN_TIME)
        props.observer.count_pulls(count=True)

    return Chapter(
        title="The operator goes down until the tokens have expired, and comes back",
        words=(
            "No pod waits for an operator that is not there: the API server goes on without it. "
            "When it is back, a pod that comes before the overdue refresh is held for the moment "
            "that this takes."
        ),
        steps=(
            Step(
                words="Stop the operator, and wait until the tokens have expired.",
                act=stop,
                promises=(
                    Promise(
                        words="before: with an expired token the registry refuses",
                        check=checks.expired,
                        within=props.life + SOON,
                    ),
                ),
            ),
            Step(
                words=f"Create a pod in {_TOO_EARLY} while the operator is down.",
                act=lambda: props.pods.create(_TOO_EARLY),
                promises=(
                    Promise(
                        words="before: the pod is admitted all the same, and cannot pull yet",
                        check=checks.pod_came_too_early,
                    ),
                ),
            ),
            Step(
                words=(
                    "Start the operator again and, as soon as it says that it is ready, create a "
                    f"pod in {_IN_TIME}."
                ),
                act=start,
                promises=(
                    Promise(
                        words="after: the pod is admitted with a fresh token, and can pull",
                        check=checks.pods_pull(1),
                    ),
                    Promise(
                        words="the other namespaces follow right after, that of the first pod too",
                        check=checks.opened(_EVERYBODY),
                        within=SOON,
                    ),
                    Promise(
                        words="one call to AWS was enough for all of them",
                        check=checks.calls_since(1),
                    ),
                    Promise(
                        words="nothing was lost: every Secret kept its UID",
                        check=checks.same_secrets,
                    ),
                ),
            ),
        ),
    )
