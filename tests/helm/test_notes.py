"""What Helm says after an installation can be followed as it stands."""

from typing import Any

import pytest
import yaml

from chart.generated import CHART
from tests.helm.helm import Helm, Values
from tests.helm.matrix import A_CREDENTIAL


def _notes(helm: Helm, values: Values, *, ns: str = "pull-secrets") -> str:
    words = ("install", "ecr", str(CHART), f"--namespace={ns}", "--dry-run=client")
    return helm.run(*words, values=values).partition("NOTES:\n")[2]


def _example(helm: Helm, values: Values, *, ns: str = "pull-secrets") -> dict[str, Any]:
    """Return the object that the notes would have a user apply."""
    text = _notes(helm, values, ns=ns).partition("<<'YAML'\n")[2].partition("     YAML\n")[0]
    return dict(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("selector", "labels"),
    [
        pytest.param(None, None, id="none"),
        pytest.param("team=shop", {"team": "shop"}, id="one"),
        pytest.param("team=shop,on==true", {"team": "shop", "on": "true"}, id="two"),
        pytest.param("team in (shop,blog)", None, id="a-choice"),
        pytest.param("team!=shop", None, id="another"),
    ],
)
def test_the_example_is_one_that_is_served(
    helm4: Helm, selector: str | None, labels: dict[str, str] | None
) -> None:
    """It has the labels that settings.credentialSelector asks for."""
    values = {"settings": {"credentialSelector": selector}}

    assert _example(helm4, values)["metadata"].get("labels") == labels


def test_a_selector_that_no_example_fits_is_shown(helm4: Helm) -> None:
    """So that nobody waits for an object that is never looked at."""
    notes = _notes(helm4, {"settings": {"credentialSelector": "team in (shop,blog)"}})

    assert "settings.credentialSelector asks for, team in (shop,blog)" in notes


def test_the_example_uses_what_the_values_name(helm4: Helm) -> None:
    """Whatever YAML reads such names as."""
    values = {
        "awsAccess": {"name": "1e3"},
        "rbac": {"secretNames": ["123"], "namespaces": ["true"]},
    }

    assert _example(helm4, values, ns="456")["spec"] == {
        "awsAccess": {"secretName": "1e3", "namespace": "456"},
        "secretName": "123",
        "namespaces": ["true"],
    }


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        pytest.param(True, "keeps the CRD and all objects", id="kept"),
        pytest.param(False, "keeps the CRD and objects other than those of", id="passing"),
    ],
)
def test_the_notes_say_what_uninstalling_leaves(helm4: Helm, *, keep: bool, kept: str) -> None:
    """Before somebody finds out."""
    values = {"keepCredentials": keep, "credentials": [A_CREDENTIAL]}

    assert kept in _notes(helm4, values)
