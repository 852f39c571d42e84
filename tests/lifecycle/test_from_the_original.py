"""From the original operator to this one, by the commands of the documentation."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecr_secrets.core.content import MANAGED_BY, MANAGED_BY_LABEL
from ecr_secrets.core.spec import KIND
from testbed.control_plane import ControlPlane
from tests.cluster.api import Object
from tests.lifecycle import original
from tests.lifecycle.place import CREDENTIAL, SECRET, Place
from tests.lifecycle.recipes import variables
from tests.lifecycle.secret_watch import SecretWatch

_CRD = str(original.crd()["metadata"]["name"])
_ORIGINAL = variables()["ORIGINAL_NAMESPACE"]
_BEFORE = ("Look at what is there", "Hand the kind over")
_INSTALLED = "Install it"
_SERVED = "Wait for it"
_UNBLOCKED = "Take the original's webhooks out of the way"
_GONE = "Remove the original"


@pytest.fixture
def former(place: Place) -> str:
    """A namespace that was taken out of the object's list when the original was at work."""
    name = f"former-{place.shop}"
    place.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


@pytest.fixture
def at_work(place: Place, cluster: ControlPlane, tmp_path: Path, former: str) -> Object:
    """The original, installed by its chart, with an object and its Secrets; returns the object."""
    old = tmp_path / "crd.yaml"
    old.write_text(yaml.safe_dump(original.crd()))
    cluster.kubectl("replace", f"--filename={old}")
    made = place.ask_for()
    hours = timedelta(hours=6)
    lives = {place.shop: hours, place.blog: hours, former: hours}
    for namespace, life in lives.items():
        place.api.create(original.pull_secret(place.aws, namespace, owner=made, life=life))
    chart = original.write_chart(tmp_path, _ORIGINAL)
    install = 'helm install "$ORIGINAL" "$OLD" --namespace "$ORIGINAL_NAMESPACE" --create-namespace'
    place.shell.run(install, {**variables(), "OLD": str(chart)})
    place.until("its webhooks stop pods", lambda: place.admits()[0] == 500)
    return made


def _crd(place: Place) -> dict[str, Any]:
    found = place.api.find("CustomResourceDefinition", _CRD)
    assert found is not None
    return found


def _follow(place: Place, order: tuple[str, ...]) -> None:
    """Follow the sections; the operator's pods start with the installation."""
    install = order.index(_INSTALLED) + 1
    for title in order[:install]:
        _take(place, title)
    with place.operator():
        for title in order[install:]:
            _take(place, title)
        # Asked for no longer, and left by the original.
        place.until("the former one is gone", lambda: place.secret(f"former-{place.shop}") is None)


def _take(place: Place, title: str) -> None:
    """Follow one section; the one about webhooks frees the pods at once."""
    place.follow(title)
    if title == _UNBLOCKED:
        place.until("pods are free", lambda: place.admits()[0] == 201)


@pytest.mark.parametrize(
    ("major", "order"),
    [
        pytest.param(3, (_INSTALLED, _SERVED, _UNBLOCKED, _GONE), id="helm3"),
        pytest.param(4, (_INSTALLED, _SERVED, _UNBLOCKED, _GONE), id="helm4"),
        pytest.param(4, (_UNBLOCKED, _INSTALLED, _SERVED, _GONE), id="its-webhooks-fail"),
    ],
)
def test_nobody_notices_the_change(
    place: Place, at_work: Object, order: tuple[str, ...], tmp_path: Path
) -> None:
    """Same objects, same Secrets, none of them ever gone or unable to pull, and pods flow again."""
    uids = [each["metadata"]["uid"] for each in place.secrets()]
    kind = _crd(place)["metadata"]["uid"]

    with SecretWatch(place.cluster, SECRET, tmp_path) as watch:
        _follow(place, (*_BEFORE, *order))
        sights = watch.seen(place.shop, place.blog)

    assert {each.kind for each in sights} == {"ADDED", "MODIFIED"}
    assert {each.uid for each in sights} == set(uids)
    assert [each for each in sights if not place.opens(each.docker_config)] == []
    labels = [each["metadata"]["labels"] for each in place.secrets()]
    assert labels == [{MANAGED_BY_LABEL: MANAGED_BY}] * 2
    found = place.api.find(KIND, CREDENTIAL)
    assert found is not None
    assert found["metadata"]["uid"] == at_work["metadata"]["uid"]
    assert found["spec"] == {**at_work["spec"], "refreshPolicy": "Always"}  # the new CRD's default
    changed = _crd(place)
    assert changed["metadata"]["uid"] == kind
    assert changed["spec"]["versions"][0]["subresources"] == {"status": {}}
    assert _left_of_the_original(place) == []
    assert place.admits()[0] == 201


def _left_of_the_original(place: Place) -> list[str]:
    kinds = "deployments,services,serviceaccounts,secrets"
    everywhere = "mutatingwebhookconfigurations,validatingwebhookconfigurations,clusterroles"
    names = place.names(kinds, f"--namespace={_ORIGINAL}") + place.names(everywhere)
    return [name for name in names if "/ecr-operator" in name or "helm.release" in name]


def test_helm_refuses_a_kind_that_was_not_handed_over(place: Place, at_work: Object) -> None:
    """Which is why the page has that section; nothing has happened then."""
    with pytest.raises(AssertionError, match="exists and cannot be imported"):
        place.follow(_INSTALLED)

    assert "subresources" not in _crd(place)["spec"]["versions"][0]


def test_the_backup_holds_the_objects(place: Place, at_work: Object, tmp_path: Path) -> None:
    """And the list of Secrets tells their owners and when they expire."""
    told = place.follow("Look at what is there")

    (kept,) = yaml.safe_load((tmp_path / "awsecrcredentials.yaml").read_text())["items"]
    assert kept["spec"] == at_work["spec"]
    (row,) = (line.split() for line in told.splitlines() if line.startswith(f"{place.shop} "))
    secret = place.secret(place.shop)
    assert secret is not None
    assert row[1:] == [SECRET, CREDENTIAL, secret["metadata"]["annotations"]["expiry"]]
