"""Kubernetes Events tell what happened, without repeating themselves and without flooding."""

from tests.cluster.stage import DATA_KEY, Stage

# Ours per object: as many at once, then one every five minutes.
BURST = 25


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


def test_one_object_cannot_flood_the_cluster_with_events(stage: Stage) -> None:
    """Somebody fights for a secret: every edit is undone, and not every one is told."""
    shop = stage.make_namespace("shop")
    name = stage.serve(shop)
    good = stage.secret(shop).docker_config
    dropped = stage.operator.metrics()["ecr_secrets_events_dropped_total"]

    for _ in range(2 * BURST):
        stage.api.merge("Secret", "ecr-login", {"data": {DATA_KEY: "e30="}}, namespace=shop)
        stage.until("it is undone", lambda: stage.secret(shop).docker_config == good)

    stage.until(
        "some were dropped",
        lambda: stage.operator.metrics()["ecr_secrets_events_dropped_total"] > dropped,
    )
    told = [count for counts in _counts(stage, name).values() for count in counts]
    assert sum(told) <= BURST + 1


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
