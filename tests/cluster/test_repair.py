"""What somebody deletes or edits is as it was within two seconds, without asking AWS."""

from typing import Any

import pytest

from tests.cluster.stage import DATA_KEY, PullSecret, Stage

LABEL = "app.kubernetes.io/managed-by"


def test_a_deleted_secret_returns(stage: Stage) -> None:
    """It is a new object with the same bytes."""
    shop, blog = stage.make_namespaces("shop", "blog")
    stage.serve(shop, blog)
    before, other = stage.secret(shop), stage.secret(blog)

    stage.api.delete("Secret", "ecr-login", shop)

    stage.until("it is back", lambda: stage.pulls(shop))
    after = stage.secret(shop)
    assert (after.docker_config, after.annotations) == (before.docker_config, before.annotations)
    assert after.uid != before.uid
    assert stage.secret(blog) == other
    assert stage.aws.calls(stage.key) == 1


@pytest.mark.parametrize(
    "patch",
    [
        pytest.param({"data": {DATA_KEY: "eyJhdXRocyI6e319"}}, id="data"),
        pytest.param(
            {"metadata": {"annotations": {"expiry": "2999-01-01T00:00:00Z"}}}, id="expiry"
        ),
        pytest.param(
            {"metadata": {"annotations": {"aws.zakariaamine.com/digest": None}}}, id="digest"
        ),
        pytest.param({"metadata": {"annotations": None}}, id="every-annotation"),
        pytest.param({"metadata": {"labels": {LABEL: "somebody-else"}}}, id="label"),
        pytest.param({"metadata": {"labels": None}}, id="every-label"),
    ],
)
def test_an_edited_secret_is_restored(stage: Stage, patch: dict[str, Any]) -> None:
    """In place: same object, same bytes, annotations and label."""
    shop = stage.make_namespace("shop")
    name = stage.serve(shop)
    before = stage.secret(shop)

    stage.api.merge("Secret", "ecr-login", patch, namespace=shop)

    stage.until("it is as it was", lambda: _same(stage.secret(shop), before))
    assert stage.aws.calls(stage.key) == 1
    assert stage.condition(name) == ("True", "PullSecretsReady")


@pytest.mark.parametrize("field", ["annotations", "labels"])
def test_what_others_add_beside_ours_stays(stage: Stage, field: str) -> None:
    """A label or annotation of another tool is nobody's business, also over a restoration."""
    shop = stage.make_namespace("shop")
    stage.serve(shop)
    stage.api.merge("Secret", "ecr-login", {"metadata": {field: {"backup": "yes"}}}, namespace=shop)
    before = stage.secret(shop)

    stage.api.merge("Secret", "ecr-login", {"data": {DATA_KEY: "e30="}}, namespace=shop)

    stage.until("it is as it was", lambda: _same(stage.secret(shop), before))
    assert getattr(stage.secret(shop), field)["backup"] == "yes"


def _same(one: PullSecret, other: PullSecret) -> bool:
    return _view(one) == _view(other)


def _view(secret: PullSecret) -> tuple[object, ...]:
    return secret.uid, secret.docker_config, secret.annotations, secret.labels
