"""Names that YAML reads as something else stay names, wherever they stand."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.helm.helm import KNOWN, Helm, of_kind, pod_of, the
from tests.helm.matrix import ODD_NAMES, odd_values

_NEW = "--kube-version=1.36.0"  # takes Services that begin with a digit
# Keys under which YAML has numbers or switches on purpose.
_PLAIN = (bool, int, float, type(None))


def _places(value: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield f"{above}.{name}", name
            yield from _places(each, f"{above}.{name}")
    elif isinstance(value, list):
        for each in value:
            yield from _places(each, f"{above}[]")
    else:
        yield above, value


def _plain(objects: list[dict[str, Any]]) -> set[str]:
    """Name the places where something else than a text stands."""
    return {
        f"{each['kind']}{place}"
        for each in objects
        for place, value in _places(each)
        if isinstance(value, _PLAIN)
    }


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_is_a_text_everywhere(helm: Helm, name: str) -> None:
    """Where a plain name makes a text, such a name does too."""
    usual = helm.render(odd_values("usual"), KNOWN, _NEW, name="usual", ns="usual")
    odd = helm.render(odd_values(name), KNOWN, _NEW, name=name, ns=name)

    assert _plain(odd) == _plain(usual)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_selectors_find_a_release_with_an_odd_name(helm4: Helm, name: str) -> None:
    """Its labels go through YAML several times."""
    objects = helm4.render(odd_values(name), KNOWN, _NEW, name=name, ns=name)

    labels = pod_of(objects)["metadata"]["labels"]
    assert the(objects, "Service")["spec"]["selector"].items() <= labels.items()
    assert labels["app.kubernetes.io/instance"] == labels["app.kubernetes.io/name"] == name
    spread = pod_of(objects)["spec"]["topologySpreadConstraints"]
    assert all(each["labelSelector"]["matchLabels"].items() <= labels.items() for each in spread)
    assert {each["metadata"]["namespace"] for each in of_kind(objects, "Role")} == {name}
