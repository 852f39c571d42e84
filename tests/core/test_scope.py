"""Which namespaces the operator works in."""

import pytest

from ecr_secrets.core.scope import Scope, parse_scope
from ecr_secrets.errors import ConfigurationError


def test_without_a_list_all_namespaces_are_served() -> None:
    """The default asks the user for nothing."""
    scope = parse_scope(None)

    assert scope.includes("shop")
    assert scope.places == ("",)


def test_a_list_names_all_there_is() -> None:
    """Nothing is looked at elsewhere, for which there are no rights."""
    scope = parse_scope("shop, bank")

    assert (scope.includes("shop"), scope.includes("blog")) == (True, False)
    assert scope.places == ("bank", "shop")
    assert scope == Scope(frozenset({"shop", "bank"}))


@pytest.mark.parametrize("text", ["shop,", ",", "Shop", "team-*", "a b", "-x", "x" * 64])
def test_what_is_no_name_of_a_namespace_is_refused(text: str) -> None:
    """Found at the start, with the flag, and not in the first list that fails."""
    with pytest.raises(ConfigurationError, match=r"--namespaces: .* is no name of a namespace"):
        parse_scope(text)
