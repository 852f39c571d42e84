"""Pull secrets followed namespace by namespace look like pull secrets followed at once."""

from collections.abc import Mapping

import pytest

from ecr_secrets.controller.secret_places import SecretPlaces
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret
from tests.core.builders import a_pull_secret

SHOP, BANK = ObjectKey("shop", "ecr-login"), ObjectKey("bank", "ecr-login")


class FakeFollowed:
    """Stores and their positions, by place and name."""

    def __init__(self, **positions: str) -> None:
        self._positions = positions

    def store(self, key: ObjectKey) -> Mapping[ObjectKey, PullSecret]:
        return {key: a_pull_secret(key.namespace)}

    def position(self, key: ObjectKey) -> str:
        return self._positions[key.namespace]


def test_the_secrets_of_all_places_are_shown() -> None:
    """A reconcile need not know how they are followed."""
    places = SecretPlaces(FakeFollowed(), ("bank", "shop"))

    assert places.keys("ecr-login") == [BANK, SHOP]
    assert dict(places.store("ecr-login")) == {
        BANK: a_pull_secret("bank"),
        SHOP: a_pull_secret("shop"),
    }


@pytest.mark.parametrize(
    ("places", "followed"),
    [
        pytest.param(("bank", "shop"), SHOP, id="namespace-by-namespace"),
        pytest.param(("",), ObjectKey("", "ecr-login"), id="everywhere-at-once"),
    ],
)
def test_one_secret_is_looked_for_in_one_place(
    places: tuple[str, ...], followed: ObjectKey
) -> None:
    """With hundreds of places, going through all of them for each would take its time."""
    found = a_pull_secret("shop")
    known = FakeFollowed()
    asked = []

    def store(key: ObjectKey) -> Mapping[ObjectKey, PullSecret]:
        asked.append(key)
        return {SHOP: found}

    known.store = store  # type: ignore[method-assign]

    assert SecretPlaces(known, places).find(SHOP) == found
    assert asked == [followed]


@pytest.mark.parametrize(
    ("bank", "shop", "position"),
    [
        pytest.param("9", "10", "9", id="numbers-not-words"),
        pytest.param("12", "11", "11", id="of-equal-length"),
        pytest.param("", "11", "", id="one-not-listed-yet"),
    ],
)
def test_what_is_seen_everywhere_is_as_old_as_the_oldest(
    bank: str, shop: str, position: str
) -> None:
    """A write of our own is forgotten only when each place is past it."""
    places = SecretPlaces(FakeFollowed(bank=bank, shop=shop), ("bank", "shop"))

    assert places.position("ecr-login") == position
