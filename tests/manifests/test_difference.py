"""How one object is patched into another."""

from typing import Any

import pytest

from manifests.difference import Operation, difference


@pytest.mark.parametrize(
    ("before", "after", "operations"),
    [
        pytest.param({"a": [{"b": 1}]}, {"a": [{"b": 1}]}, [], id="same"),
        pytest.param({"a": 1}, {"a": 2}, [{"op": "replace", "path": "/a", "value": 2}], id="value"),
        pytest.param({"a": 1}, {}, [{"op": "remove", "path": "/a"}], id="gone"),
        pytest.param({}, {"a": 1}, [{"op": "add", "path": "/a", "value": 1}], id="new"),
        pytest.param(
            {"a": {"b": {"c": 1}}},
            {"a": {"b": {"c": 1, "d": 2}}},
            [{"op": "add", "path": "/a/b/d", "value": 2}],
            id="deep",
        ),
        pytest.param(
            {"a": [{"b": 1}, {"b": 2}]},
            {"a": [{"b": 1}, {"b": 3}]},
            [{"op": "replace", "path": "/a/1/b", "value": 3}],
            id="entry-of-a-list",
        ),
        pytest.param(
            {"a": [1, 2]},
            {"a": [2]},
            [{"op": "replace", "path": "/a", "value": [2]}],
            id="list-of-another-length",
        ),
        pytest.param(
            {"a": {"b": 1}},
            {"a": None},
            [{"op": "replace", "path": "/a", "value": None}],
            id="another-type",
        ),
        pytest.param(
            {"x/y": 1, "x~y": 1},
            {},
            [{"op": "remove", "path": "/x~1y"}, {"op": "remove", "path": "/x~0y"}],
            id="escaped",
        ),
    ],
)
def test_what_is_to_be_done_is_said_field_by_field(
    before: Any, after: Any, operations: list[Operation]
) -> None:
    """What is the same is left out, so that a reader sees what a variant is about."""
    assert difference(before, after) == operations
