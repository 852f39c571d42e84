"""The bare client writes what the operator would write, or the comparison means nothing."""

from collections.abc import Mapping

import msgspec
import pytest

from bench.bare import fill
from bench.template import ABSENT, Template, guard_of
from ecr_secrets.core.content import render_pull_secret
from ecr_secrets.core.objects import ObjectKey, ObjectMeta
from tests.core.builders import a_content, a_credential, a_secret

_FOUND = ObjectMeta(name="other", namespace="club", uid="uid-of-found", resource_version="12")


@pytest.mark.parametrize(
    ("guard", "expected"),
    [
        pytest.param(ABSENT, {"resourceVersion": "1"}, id="creates"),
        pytest.param(
            guard_of(_FOUND), {"uid": "uid-of-found", "resourceVersion": "12"}, id="replaces"
        ),
    ],
)
def test_the_same_is_sent_as_by_the_operator(guard: str, expected: Mapping[str, str]) -> None:
    """Fields, values and size are the same; only their order may differ."""
    ours = render_pull_secret(
        ObjectKey("club", "other"), a_content(), a_credential("club"), guard=expected
    )

    sent = fill(Template(a_secret("shop")).named("other"), namespace="club", guard=guard)

    assert msgspec.json.decode(sent) == ours
    assert len(sent) == len(msgspec.json.encode(ours))
