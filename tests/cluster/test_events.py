"""Kubernetes Events and conditions tell what happened, without repeating themselves."""

from ecr_secrets.controller.contests import TIMES
from tests.cluster.stage import DATA_KEY, HEALED, Stage


def test_a_repetition_is_counted_instead_of_recorded_anew(stage: Stage) -> None:
    """The same thing three times is one Event with a count of three."""
    shop = stage.make_namespace("shop")
    name = stage.serve(shop)
    for _ in range(2):
        stage.api.delete("Secret", "ecr-login", shop)
        stage.until("it is back", lambda: stage.pulls(shop))

    stage.until("the count is three", lambda: _counts(stage, name)["PullSecretCreated"] == [3])
    assert _counts(stage, name)["PullSecretsReady"] == [1]
    (event,) = [each for each in stage.events(name) if each["reason"] == "PullSecretCreated"]
    assert event["type"] == "Normal"
    assert event["message"] == f"pull secret created where it was missing: {shop}/ecr-login"
    assert event["firstTimestamp"] <= event["lastTimestamp"]
    assert event["source"]["component"] == "kube-ecr-secrets-operator"


def test_no_war_is_fought_over_a_secret(stage: Stage) -> None:
    """Who edits it again and again gets their way for a while, and is told of in the condition."""
    shop = stage.make_namespace("shop")
    name = stage.serve(shop)
    good = stage.secret(shop).docker_config

    for _ in range(TIMES):
        stage.api.merge("Secret", "ecr-login", {"data": {DATA_KEY: "e30="}}, namespace=shop)
        stage.until("it is undone", lambda: stage.secret(shop).docker_config == good)
    stage.until("it is told", lambda: stage.condition(name, "Degraded") == ("True", "Contested"))
    stage.api.merge("Secret", "ecr-login", {"data": {DATA_KEY: "e30="}}, namespace=shop)

    (failure,) = stage.status(name)["failures"]
    assert f"Secret {shop}/ecr-login is changed" in failure["message"]
    stage.until("it heals", lambda: stage.secret(shop).docker_config == good, HEALED)
    stage.until("peace is told", lambda: stage.condition(name, "Degraded")[0] == "False", HEALED)


def test_kubectl_describe_shows_them(stage: Stage) -> None:
    """Events are where people look first."""
    name = stage.serve(stage.make_namespace("shop"))
    stage.until("there are Events", lambda: "PullSecretsReady" in _counts(stage, name))

    text = stage.site.control_plane.kubectl("describe", "ecrcred", name)

    assert "PullSecretCreated" in text
    assert "PullSecretsReady" in text


def _counts(stage: Stage, name: str) -> dict[str, list[int]]:
    counts: dict[str, list[int]] = {"PullSecretCreated": [], "PullSecretsReady": []}
    for event in stage.events(name):
        counts.setdefault(event["reason"], []).append(event["count"])
    return {reason: found for reason, found in counts.items() if found}
