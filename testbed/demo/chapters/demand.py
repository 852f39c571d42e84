"""No timers: a pod is what brings a refresh about."""

from testbed.demo import checks
from testbed.demo.chapter import Chapter, Promise, Step, wait_until
from testbed.demo.props import BRIEF, CREDENTIAL, NAMESPACES, NEWCOMER, SOON, Props
from testbed.demo.wording import say_span

_EVERYBODY = (*NAMESPACES, NEWCOMER)
_FIRST, _CROWDED = NAMESPACES[0], NAMESPACES[2]
# While a crowd pulls: a node starts pods one after the other, and a busy machine takes its time.
_CROWD_LIFE = 2 * BRIEF


def demand(props: Props) -> Chapter:
    """Show that under `OnPodAdmission` each pod finds a token that was made for it."""
    look, crowd = props.observer.look, props.crowd

    async def leave_it_to_pods() -> None:
        # A refresh that is due in this instant would be taken for one without a pod.
        await wait_until(look, checks.new, props.life + SOON)
        props.observer.count_pulls(count=False)
        props.aws.token_lifetime = BRIEF
        await props.cluster.set_refresh_policy(CREDENTIAL, "OnPodAdmission")

    async def create_crowd() -> None:
        await wait_until(look, checks.expired, BRIEF + SOON)
        props.aws.token_lifetime = _CROWD_LIFE
        await props.pods.create(_CROWDED, crowd)

    async def take_it_back() -> None:
        await props.cluster.set_refresh_policy(CREDENTIAL, "Always")
        props.observer.count_pulls(count=True)

    return Chapter(
        title="On demand: without a timer, and still no pod meets an expired token",
        words=(
            "Timers are the default. With refreshPolicy OnPodAdmission AWS is asked only when a "
            "pod is created that names the pull secret: the API server tells the operator of it, "
            "and the pod is held until the token is there, 1.5 s at most."
        ),
        steps=(
            Step(
                words="Set refreshPolicy: OnPodAdmission.",
                act=leave_it_to_pods,
                promises=(
                    Promise(
                        words="the pull secrets are left as they are: still good",
                        check=checks.opened(_EVERYBODY),
                    ),
                ),
            ),
            Step(
                words="Wait until the tokens have expired.",
                promises=(
                    Promise(
                        words="the object says that it waits for a pod",
                        check=checks.condition("Ready", "False", "WaitingForPod"),
                        within=props.life + SOON,
                    ),
                    Promise(
                        words="before: with an expired token the registry refuses",
                        check=checks.expired,
                        within=SOON,
                    ),
                    Promise(words="nobody asked AWS meanwhile", check=checks.calls_since(0)),
                ),
            ),
            Step(
                words=f"Create a pod in {_FIRST}.",
                act=lambda: props.pods.create(_FIRST),
                promises=(
                    Promise(
                        words="after: the pod is admitted with a fresh token, and can pull",
                        check=checks.pods_pull(1),
                    ),
                    Promise(
                        words="the other namespaces follow right after",
                        check=checks.opened(_EVERYBODY),
                        within=SOON,
                    ),
                    Promise(
                        words="one call to AWS was enough for all of them",
                        check=checks.calls_since(1),
                    ),
                ),
            ),
            Step(
                words=(
                    f"Wait until the tokens have expired again; now they live {say_span(BRIEF)}. "
                    f"Create {crowd} pods in {_CROWDED}, all at once."
                ),
                act=create_crowd,
                promises=(
                    Promise(
                        words="every one of them is admitted with a fresh token, and can pull",
                        check=checks.pods_pull(crowd),
                    ),
                    Promise(
                        words=f"one call to AWS was enough for all {crowd}",
                        check=checks.calls_since(1),
                    ),
                ),
            ),
            Step(
                words="Set refreshPolicy back to Always.",
                act=take_it_back,
                promises=(
                    Promise(
                        words="the object is ready, as if nothing had happened",
                        check=checks.condition("Ready", "True", "PullSecretsReady"),
                        within=SOON,
                    ),
                ),
            ),
        ),
    )
