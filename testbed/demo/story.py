"""The chapters: what is shown, in which order, and what each of them promises.

A later chapter is another function here, and its name in `story`.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from testbed.aws.iam import AccessKey
from testbed.aws.server import FakeAws
from testbed.demo import checks
from testbed.demo.chapter import Chapter, Promise, Step
from testbed.demo.cluster import Cluster
from testbed.demo.observer import Observer
from testbed.demo.wording import say_list, say_span

CREDENTIAL = "my-ecr-credentials"
SECRET = "ecr-login"
REGION = "us-east-1"
NAMESPACES = ("ns1", "ns2", "ns3", "ns4")
NEWCOMER = "ns5"
_ACCESS = "aws-access"
_DELETED, _EDITED = NAMESPACES[1:3]

_MANIFEST = {
    "apiVersion": "aws.zakariaamine.com/v1alpha1",
    "kind": "AWSECRCredential",
    "metadata": {"name": CREDENTIAL},
    "spec": {
        "awsAccess": {"secretName": _ACCESS, "namespace": "default"},
        "secretName": SECRET,
        "namespaces": list(NAMESPACES),
    },
}

_SOON = timedelta(seconds=15)  # usually a fraction of a second; a busy machine needs more
_RECOVERY = timedelta(seconds=60)  # everything is right again that long after a fault ends
# How long AWS stays away once it was missed. Less than what the operator waits at least between
# two tries (5 s), so that the next one finds AWS back.
_OUTAGE = timedelta(seconds=1.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Props:
    """What the chapters work with."""

    cluster: Cluster
    aws: FakeAws
    key: AccessKey
    observer: Observer
    life: timedelta  # of registry tokens


def story(props: Props, *, ending: bool) -> tuple[Chapter, ...]:
    """Return the chapters in their order.

    Args:
        ending: whether the object is deleted in the end; without, all stays for playing.
    """
    chapters = (_appear(props), _refresh(props), _repair(props), _newcomer(props), _outage(props))
    return (*chapters, _farewell(props)) if ending else chapters


def _appear(props: Props) -> Chapter:
    async def create_namespaces() -> None:
        for namespace in NAMESPACES:
            await props.cluster.create_namespace(namespace)

    async def create_credential() -> None:
        access = {
            "AWS_ACCESS_KEY_ID": props.key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": props.key.secret_access_key,
            "AWS_REGION": REGION,
        }
        await props.cluster.create_secret("default", _ACCESS, access)
        await props.cluster.create_credential(_MANIFEST)

    return Chapter(
        title="Pull secrets appear, and open the registry",
        words=(
            "Every namespace that pulls images from ECR needs a pull secret. Here is one object "
            "that asks for them, the operator, and nothing else to do."
        ),
        steps=(
            Step(
                words=f"Create the namespaces {say_list(NAMESPACES)}, and try to pull.",
                act=create_namespaces,
                promises=(
                    Promise(
                        words="before: without a pull secret the registry refuses",
                        check=checks.shut(NAMESPACES),
                        within=_SOON,
                    ),
                ),
            ),
            Step(
                words=f"Create the AWS key as Secret {_ACCESS}, and the object {CREDENTIAL}.",
                act=create_credential,
                promises=(
                    Promise(
                        words="after: every namespace has a pull secret that opens the registry",
                        check=checks.opened(NAMESPACES),
                        within=_SOON,
                    ),
                    Promise(
                        words="one call to AWS was enough for all of them",
                        check=checks.calls_since(1),
                    ),
                    Promise(
                        words="all namespaces hold the same token",
                        check=checks.same_token,
                    ),
                    Promise(
                        words="the object says that it is ready",
                        check=checks.condition("Ready", "True", "PullSecretsReady"),
                        within=_SOON,
                    ),
                ),
            ),
        ),
    )


def _refresh(props: Props) -> Chapter:
    return Chapter(
        title="Tokens are refreshed long before they expire",
        words=(
            f"ECR's tokens live 12 hours. Here they live {say_span(props.life)}, so that you can "
            "watch: at half of its life a token is replaced by a new one, in the same Secret. "
            "All the while, somebody pulls in every namespace, several times a second."
        ),
        steps=(
            Step(
                words="Lean back: two refreshes, without anybody's doing.",
                promises=(
                    Promise(
                        words="every pull secret was refreshed twice",
                        check=checks.refreshed(2),
                        within=2 * props.life + _SOON,
                    ),
                    Promise(words="in place: every Secret kept its UID", check=checks.same_secrets),
                    Promise(
                        words="each refresh cost one call to AWS, for all namespaces together",
                        check=checks.one_call_per_refresh,
                        within=_SOON,
                    ),
                    Promise(words="not one pull failed meanwhile", check=checks.no_failed_pull),
                ),
            ),
        ),
    )


def _repair(props: Props) -> Chapter:
    async def delete() -> None:
        async with props.observer.undisturbed(spare=[_DELETED]):
            await props.cluster.delete_secret(_DELETED, SECRET)

    async def edit() -> None:
        async with props.observer.undisturbed(spare=[_EDITED]):
            await props.cluster.overwrite_secret(_EDITED, SECRET, b'{"auths": {}}')

    return Chapter(
        title="What is deleted returns, what is edited is restored",
        words="People and scripts make mistakes. The operator notices, and puts it right.",
        steps=(
            Step(
                words=f"Delete the pull secret of {_DELETED}.",
                act=delete,
                promises=(
                    Promise(
                        words=f"the pull secret of {_DELETED} is back and opens the registry",
                        check=checks.came_back(_DELETED),
                        within=_SOON,
                    ),
                ),
            ),
            Step(
                words=f"Empty the pull secret of {_EDITED}.",
                act=edit,
                promises=(
                    Promise(
                        words=f"the pull secret of {_EDITED} is restored in place",
                        check=checks.restored(_EDITED),
                        within=_SOON,
                    ),
                    Promise(
                        words="the other namespaces noticed nothing", check=checks.no_failed_pull
                    ),
                ),
            ),
        ),
    )


def _newcomer(props: Props) -> Chapter:
    everybody = (*NAMESPACES, NEWCOMER)
    return Chapter(
        title="A new namespace is served as soon as it exists",
        words="Manifests may come in any order: what is missing today is awaited, and named.",
        steps=(
            Step(
                words=f"Add {NEWCOMER} to the object; the namespace does not exist yet.",
                act=lambda: props.cluster.ask_for_namespaces(CREDENTIAL, everybody),
                promises=(
                    Promise(
                        words="the object says which namespace is missing",
                        check=checks.condition("Ready", "False", "NamespaceNotFound"),
                        within=_SOON,
                    ),
                    Promise(words="the others go on pulling", check=checks.opened(NAMESPACES)),
                ),
            ),
            Step(
                words=f"Create the namespace {NEWCOMER}.",
                act=lambda: props.cluster.create_namespace(NEWCOMER),
                promises=(
                    Promise(
                        words=f"{NEWCOMER} has a pull secret that opens the registry",
                        check=checks.opened([NEWCOMER]),
                        within=_SOON,
                    ),
                    Promise(
                        words="the object counts it in",
                        check=checks.counted(f"{len(everybody)}/{len(everybody)}"),
                        within=_SOON,
                    ),
                ),
            ),
        ),
    )


def _outage(props: Props) -> Chapter:
    async def go_down() -> None:
        props.aws.down = True

    async def come_up() -> None:
        await asyncio.sleep(_OUTAGE.total_seconds())
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
                words="Bring AWS back.",
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


def _farewell(props: Props) -> Chapter:
    async def delete() -> None:
        async with props.observer.undisturbed():
            await props.cluster.delete_credential(CREDENTIAL)

    return Chapter(
        title="The object goes, and its pull secrets with it",
        words="Nothing stays behind, and nothing else is touched.",
        steps=(
            Step(
                words=f"Delete the object {CREDENTIAL}.",
                act=delete,
                promises=(
                    Promise(
                        words="no pull secret is left in any namespace",
                        check=checks.gone,
                        within=_SOON,
                    ),
                    Promise(words="the namespaces stay", check=checks.namespaces_stay),
                ),
            ),
        ),
    )
