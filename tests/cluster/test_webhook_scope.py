"""Which pods the API server asks the operator about: those that may need it, and no others."""

import asyncio
from functools import partial

import pytest

from ecr_secrets.core.spec import KIND
from ecr_secrets.core.webhook_configuration import MAX_NAMES
from testbed.operator import NAMESPACE
from tests.cluster.api import Object
from tests.cluster.pods import Village, a_container, a_pod, configuration
from tests.cluster.promptness import PROMISED, Promptness
from tests.cluster.stage import Stage
from tests.cluster.stand_in import standing_in


def _webhook(stage: Stage) -> Object:
    found = configuration(stage)
    assert found is not None
    (webhook,) = found["webhooks"]
    assert isinstance(webhook, dict)
    return webhook


def _names(stage: Stage, name: str) -> bool:
    """Tell whether pods that name a secret are asked about, as registered."""
    found = configuration(stage)
    conditions = found["webhooks"][0]["matchConditions"] if found else []
    return any(f"'{name}'" in each["expression"] for each in conditions)


def test_the_registration_cannot_hurt(stage: Stage) -> None:
    """Failures are ignored, 2 s at most, no effect in a dry run, the system and we left out."""
    stage.set_credential([stage.name("nowhere")])
    stage.until("it is registered", lambda: configuration(stage) is not None)

    webhook = _webhook(stage)

    assert webhook["failurePolicy"] == "Ignore"
    assert webhook["timeoutSeconds"] == 2
    assert webhook["sideEffects"] == "NoneOnDryRun"
    (expression,) = webhook["namespaceSelector"]["matchExpressions"]
    assert (expression["operator"], set(expression["values"])) == (
        "NotIn",
        {"kube-system", NAMESPACE},
    )
    assert len(webhook["matchConditions"]) == 3


def test_names_come_and_go_with_the_credentials(stage: Stage) -> None:
    """A secret's name is registered as long as a credential manages it; without any, nothing is.

    Each time the configuration follows within two seconds.
    """
    following = Promptness()
    nowhere = stage.name("nowhere")
    first, second, third = map(stage.name, ("first", "second", "third"))
    stage.until("nothing is registered", lambda: configuration(stage) is None)

    one = stage.set_credential([nowhere], short="one", secretName=first)
    following.until("the first is", lambda: _names(stage, first))
    two = stage.set_credential([nowhere], short="two", secretName=second)
    following.until("the second is", lambda: _names(stage, second))
    assert _names(stage, first)
    stage.set_credential([nowhere], short="two", secretName=third)
    following.until("the third is", lambda: _names(stage, third))
    assert (_names(stage, first), _names(stage, second)) == (True, False)

    stage.api.delete(KIND, two)
    following.until("the third is not", lambda: not _names(stage, third))
    assert _names(stage, first)
    stage.api.delete(KIND, one)
    following.until("nothing is registered", lambda: configuration(stage) is None)

    assert following.second_longest() <= PROMISED, following.spans


@pytest.fixture
def village(stage: Stage) -> Village:
    """A namespace with a fresh pull secret, of which the API server knows."""
    made = Village(stage, "shop")
    made.serve()
    return made


def test_a_pod_that_names_no_managed_secret_never_reaches_us(village: Village) -> None:
    """The pods of everybody else do not depend on us in any way."""
    (shop,) = village.namespaces

    assert not village.is_asked_about(a_pod(shop))
    assert not village.is_asked_about(a_pod(shop, village.stage.name("other")))
    assert village.is_asked_about(a_pod(shop, village.stage.name("other"), village.secret))


@pytest.mark.parametrize("namespace", ["kube-system", NAMESPACE])
def test_pods_of_the_system_and_our_own_never_reach_us(village: Village, namespace: str) -> None:
    """The operator, and what it depends on, can start without it."""
    village.stage.until("pods can be made", lambda: village.is_open(namespace))

    assert not village.is_asked_about(a_pod(namespace, village.secret))


def test_pull_secrets_of_the_service_account_count(village: Village) -> None:
    """A pod that names none gets those of its ServiceAccount, and is asked about."""
    (shop,) = village.namespaces
    secrets = {"imagePullSecrets": [{"name": village.secret}]}
    village.stage.api.merge("ServiceAccount", "default", secrets, namespace=shop)

    village.stage.until("it is asked about", lambda: village.is_asked_about(a_pod(shop)))


def test_a_mirror_pod_never_reaches_us(village: Village) -> None:
    """What the kubelet runs on its own it only mirrors; the API server lets it name no secret."""
    (shop,) = village.namespaces
    pod = a_pod(shop, village.secret)
    pod["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}

    answer, asked = village.asked(lambda: village.author.create(pod))

    assert (answer.status, asked) == (403, 0)


async def test_with_more_names_than_fit_all_pods_but_mirrors_reach_us(stage: Stage) -> None:
    """What an expression cannot hold is answered from memory; a pod that runs already is not."""
    village = Village(stage, "shop")
    (shop,) = village.namespaces
    mirror = a_pod(shop, nodeName="node")
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    names = [stage.name(f"secret-{number}") for number in range(MAX_NAMES)]
    visits = []
    async with standing_in(village, *names) as stand_in:
        for pod in (a_pod(shop), mirror):
            before = stand_in.visits
            answer = await asyncio.to_thread(village.author.create, pod, dry_run=True)
            visits.append((answer.status, stand_in.visits - before))

    assert visits == [(201, 1), (201, 0)]


def _with(kind: str, name: str, tag: int) -> Object:
    """Build a change of the containers of one kind."""
    return {"spec": {kind: [a_container(name, f"example.com/{name}:{tag}")]}}


@pytest.mark.parametrize(
    ("change", "subresource", "times"),
    [
        pytest.param({"metadata": {"labels": {"a": "b"}}}, "", 0, id="label"),
        pytest.param({"status": {"phase": "Running"}}, "status", 0, id="status"),
        pytest.param(_with("containers", "web", 1), "", 0, id="same-image"),
        pytest.param(_with("containers", "web", 2), "", 1, id="another-image"),
        pytest.param(_with("initContainers", "init", 1), "", 0, id="same-image-of-init-container"),
        pytest.param(_with("initContainers", "init", 2), "", 1, id="another-of-init-container"),
        pytest.param(
            _with("ephemeralContainers", "debug", 1), "ephemeralcontainers", 1, id="kubectl-debug"
        ),
    ],
)
def test_an_update_reaches_us_if_it_brings_an_image(
    village: Village, change: Object, subresource: str, times: int
) -> None:
    """Another image is pulled; whatever else changes in a pod's life is not our business."""
    (shop,) = village.namespaces
    init = [a_container("init", "example.com/init:1")]
    assert village.create(shop, name="web", initContainers=init).status == 201
    merge = partial(village.stage.api.merge, "Pod", "web", change, namespace=shop)

    _, asked = village.asked(lambda: merge(subresource=subresource))

    assert asked == times
