"""Which pods need a refresh before they start."""

from datetime import timedelta

import pytest

from ecr_secrets.core.actions import LONGEST_LIFE
from ecr_secrets.core.admission import PodAdmission, lacking, targets_of, targets_to_refresh
from ecr_secrets.core.content import EXPIRY
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret
from tests.core.builders import (
    IRELAND,
    MINUTE,
    NOON,
    OTHER_UID,
    SECOND,
    VIRGINIA,
    a_content,
    a_credential,
    a_pull_secret,
    a_secret,
    a_token,
    an_original_secret,
    parsed,
)

GRACE = 10 * MINUTE
SHOP = ObjectKey("shop", "ecr-login")
CREDENTIAL = a_credential("shop")


@pytest.mark.parametrize(
    ("found", "due"),
    [
        pytest.param(None, True, id="missing"),
        pytest.param(a_pull_secret(), False, id="fresh"),
        pytest.param(
            a_pull_secret(content=a_content(a_token(life=GRACE + SECOND))),
            False,
            id="just-outside-the-grace",
        ),
        pytest.param(
            a_pull_secret(content=a_content(a_token(life=GRACE))), True, id="exactly-the-grace"
        ),
        pytest.param(
            a_pull_secret(content=a_content(a_token(life=GRACE - SECOND))),
            True,
            id="just-inside-the-grace",
        ),
        pytest.param(
            a_pull_secret(content=a_content(a_token(life=timedelta(0)))), True, id="expires-now"
        ),
        pytest.param(
            a_pull_secret(content=a_content(a_token(life=-12 * 60 * MINUTE))),
            True,
            id="expired-long-ago",
        ),
        pytest.param(
            a_pull_secret(content=a_content(a_token(life=LONGEST_LIFE + SECOND))),
            True,
            id="claims-to-live-longer-than-tokens-do",
        ),
        pytest.param(
            a_pull_secret(annotations={EXPIRY: "2026-11-25T00:00:01Z"}), True, id="edited"
        ),
        pytest.param(a_pull_secret(annotations={EXPIRY: None}), True, id="expiry-taken-away"),
        pytest.param(a_pull_secret(data={}), True, id="emptied"),
        pytest.param(parsed(an_original_secret()), False, id="of-the-original-and-fresh"),
        pytest.param(
            parsed(an_original_secret(expires_at=NOON)), True, id="of-the-original-and-expired"
        ),
        pytest.param(
            a_pull_secret(owner_uid=None, annotations={EXPIRY: None}), False, id="foreign"
        ),
        pytest.param(
            parsed(an_original_secret(expires_at=NOON, owner={"name": "other", "uid": OTHER_UID})),
            False,
            id="of-another-credential",
        ),
        pytest.param(
            a_pull_secret(content=a_content(a_token(life=GRACE)), immutable=True),
            False,
            id="immutable",
        ),
        pytest.param(
            parsed({**a_secret(content=a_content(a_token(life=GRACE))), "type": "Opaque"}),
            False,
            id="of-another-type",
        ),
    ],
)
def test_one_target(found: PullSecret | None, due: bool) -> None:
    """A pod waits for a refresh if its secret cannot pull for long, and a refresh may mend that."""
    stores = {SHOP: found} if found else {}

    chosen = targets_to_refresh({SHOP: CREDENTIAL}, stores, now=NOON, grace=GRACE)

    assert chosen == ({SHOP: CREDENTIAL} if due else {})


@pytest.mark.parametrize(
    ("asked", "missing"),
    [
        pytest.param((), set(), id="its-own-region-alone"),
        pytest.param((IRELAND,), set(), id="all-that-is-there"),
        pytest.param((IRELAND, VIRGINIA), {VIRGINIA}, id="one-is-missing"),
        pytest.param((VIRGINIA,), {VIRGINIA}, id="another"),
    ],
)
def test_regions_without_a_token_are_named(asked: tuple[str, ...], missing: set[str]) -> None:
    """They are told of, and no reason for a refresh, which would not bring them either."""
    managed = {SHOP: a_credential("shop", regions=asked)}
    found = {SHOP: a_pull_secret(content=a_content(a_token(IRELAND)))}

    assert lacking(managed, found) == ({"shop-ecr": missing} if missing else {})
    assert targets_to_refresh(managed, found, now=NOON, grace=GRACE) == {}


def test_of_a_secret_that_is_not_ours_no_region_is_missed() -> None:
    """Nothing is there yet, or a stranger's."""
    managed = {SHOP: a_credential("shop", regions=(VIRGINIA,))}

    assert lacking(managed, {}) == {}
    assert lacking(managed, {SHOP: a_pull_secret(owner_uid=None)}) == {}


def test_each_target_is_judged_for_itself() -> None:
    """Of several managed secrets that a pod names, only those that need it are refreshed."""
    spare, third = ObjectKey("shop", "spare"), a_credential("shop", name="third")
    expired = a_pull_secret(name="spare", content=a_content(a_token(life=GRACE)))

    chosen = targets_to_refresh(
        {spare: CREDENTIAL, SHOP: CREDENTIAL, ObjectKey("shop", "none-yet"): third},
        {SHOP: a_pull_secret(), spare: expired},
        now=NOON,
        grace=GRACE,
    )

    assert list(chosen.items()) == [
        (ObjectKey("shop", "none-yet"), third),
        (spare, CREDENTIAL),
    ]


def test_targets_lie_in_the_namespace_of_the_question() -> None:
    """A pull secret is looked for where the pod is going to be."""
    admission = PodAdmission(
        uid="u",
        namespace="shop",
        operation="CREATE",
        dry_run=False,
        pull_secrets=frozenset({"ecr-login", "other"}),
    )

    assert targets_of(admission) == {SHOP, ObjectKey("shop", "other")}
