"""Which Secret needs what: each state a target can be in leads to one action."""

from dataclasses import replace
from datetime import datetime

import pytest

from ecr_secrets.core.actions import (
    LONGEST_LIFE,
    Action,
    Delete,
    Keep,
    Need,
    Refusal,
    Refuse,
    Write,
)
from ecr_secrets.core.content import (
    DATA_KEY,
    DIGEST,
    EXPIRY,
    REFRESH_AFTER,
    REFRESHED_AT,
    REGISTRIES,
)
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.plan import leftovers, present_targets, survey
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.core.times import format_time
from tests.core.builders import (
    HOUR,
    IRELAND,
    LIFE,
    NOON,
    OTHER_UID,
    SECOND,
    SOURCE,
    VIRGINIA,
    a_content,
    a_credential,
    a_forged_pull_secret,
    a_pull_secret,
    a_token,
    a_world,
    an_original_secret,
    parsed,
)

SHOP = ObjectKey("shop", "ecr-login")
STALE_AT = a_token().stale_at.replace(microsecond=0)
EXPIRES_AT = NOON + LIFE


def look(found: PullSecret | None, *, now: datetime = NOON, source: str | None = SOURCE) -> Action:
    """Survey a world with one namespace."""
    world = a_world(found) if found else a_world()
    (action,) = survey(a_credential("shop"), world, source=source, now=now)
    return action


def test_an_absent_pull_secret_is_written() -> None:
    """A namespace without its pull secret gets one."""
    assert look(None) == Write(SHOP, "Missing", None)


@pytest.mark.parametrize(
    ("now", "need"),
    [
        pytest.param(NOON, None, id="fresh"),
        pytest.param(STALE_AT - SECOND, None, id="just-before-it-turns-stale"),
        pytest.param(STALE_AT, "Stale", id="exactly-when-it-turns-stale"),
        pytest.param(STALE_AT + SECOND, "Stale", id="just-after-it-turned-stale"),
        pytest.param(EXPIRES_AT - SECOND, "Stale", id="just-before-it-expires"),
        pytest.param(EXPIRES_AT, "Expired", id="exactly-when-it-expires"),
        pytest.param(EXPIRES_AT + SECOND, "Expired", id="just-after-it-expired"),
        pytest.param(EXPIRES_AT + 1000 * HOUR, "Expired", id="long-expired"),
        pytest.param(EXPIRES_AT - LONGEST_LIFE, None, id="as-long-as-a-token-may-live"),
        pytest.param(EXPIRES_AT - LONGEST_LIFE - SECOND, "Edited", id="longer-than-a-token-lives"),
    ],
)
def test_time_decides_on_a_pull_secret_that_nobody_touched(
    now: datetime, need: Need | None
) -> None:
    """Kept while fresh, refreshed from half of its life, and never believed to live longer."""
    found = a_pull_secret()

    assert look(found, now=now) == (Write(SHOP, need, found) if need else Keep(SHOP, found))


@pytest.mark.parametrize(
    ("found", "need"),
    [
        pytest.param(a_pull_secret(data=None), "Edited", id="data-gone"),
        pytest.param(a_pull_secret(data={DATA_KEY: "e30="}), "Edited", id="data-edited"),
        pytest.param(a_pull_secret(annotations={EXPIRY: None}), "Edited", id="expiry-removed"),
        pytest.param(
            a_pull_secret(annotations={EXPIRY: format_time(EXPIRES_AT - HOUR)}),
            "Edited",
            id="expiry-edited",
        ),
        pytest.param(
            a_pull_secret(annotations={EXPIRY: "2036-01-01T00:00:00Z"}),
            "Edited",
            id="expiry-in-ten-years",
        ),
        pytest.param(
            a_pull_secret(annotations={REFRESH_AFTER: "2036-01-01T00:00:00Z"}),
            "Edited",
            id="refresh-in-ten-years",
        ),
        pytest.param(
            a_pull_secret(annotations={REFRESHED_AT: None}), "Edited", id="another-edited"
        ),
        pytest.param(a_pull_secret(annotations={DIGEST: "0" * 64}), "Edited", id="digest-edited"),
        pytest.param(a_pull_secret(labelled=False), "Edited", id="label-removed"),
        pytest.param(
            a_forged_pull_secret(**{EXPIRY: "2036-01-01T00:00:00Z"}),
            "Edited",
            id="expiry-forged-with-its-digest",
        ),
        pytest.param(
            a_forged_pull_secret(**{REGISTRIES: ""}), "Edited", id="registries-forged-with-digest"
        ),
        pytest.param(
            a_forged_pull_secret(**{REGISTRIES: "a=2036-01-01T00:00:00Z"}),
            "Edited",
            id="registry-in-ten-years-with-digest",
        ),
        pytest.param(
            a_forged_pull_secret(**{REFRESH_AFTER: "never"}), "Stale", id="no-refresh-with-digest"
        ),
        pytest.param(a_pull_secret(annotations={DIGEST: None}), "TakenOver", id="digest-removed"),
        pytest.param(parsed(an_original_secret()), "TakenOver", id="of-the-original"),
        pytest.param(
            parsed(an_original_secret(expires_at=NOON - HOUR)), "TakenOver", id="of-it-and-expired"
        ),
        pytest.param(
            a_pull_secret(content=a_content(source="of-yesterday")),
            "SourceChanged",
            id="source-changed",
        ),
        pytest.param(
            a_pull_secret(content=a_content(a_token(issued_at=NOON - LIFE), source="old")),
            "Expired",
            id="expired-over-source-changed",
        ),
        pytest.param(
            a_pull_secret(content=a_content(a_token(issued_at=NOON - 8 * HOUR), source="old")),
            "SourceChanged",
            id="source-changed-over-stale",
        ),
        pytest.param(
            a_pull_secret(content=a_content(a_token(issued_at=NOON - LIFE)), labelled=False),
            "Edited",
            id="edited-over-expired",
        ),
    ],
)
def test_a_pull_secret_that_is_not_as_it_should_be_is_written(
    found: PullSecret, need: Need
) -> None:
    """Edits are undone, secrets of the original taken over, and a changed key takes effect."""
    assert look(found) == Write(SHOP, need, found)


def test_an_unknown_source_is_no_reason_to_write() -> None:
    """When the AWS access is gone for a moment, what stands still stands."""
    found = a_pull_secret(content=a_content(source="of-yesterday"))

    assert look(found, source=None) == Keep(SHOP, found)


NAMESAKE = {"apiVersion": "aws.example.com/v1alpha1"}


@pytest.mark.parametrize(
    ("found", "refusal"),
    [
        pytest.param(a_pull_secret(owner_uid=None), "ForeignSecret", id="nobodys"),
        pytest.param(
            a_pull_secret(owner_uid=None, labelled=False), "ForeignSecret", id="without-label"
        ),
        pytest.param(
            a_pull_secret(owner_uid=None, type="Opaque"), "ForeignSecret", id="of-another-type"
        ),
        pytest.param(
            parsed(an_original_secret(owner=NAMESAKE)),
            "ForeignSecret",
            id="of-a-namesake-in-another-group",
        ),
        pytest.param(
            a_pull_secret(owner_uid=None, content=a_content(a_token(issued_at=NOON - LIFE))),
            "ForeignSecret",
            id="foreign-over-expired",
        ),
        pytest.param(a_pull_secret(owner_uid=OTHER_UID), "OwnedByOther", id="of-another-object"),
        pytest.param(
            a_pull_secret(owner_uid=OTHER_UID, data=None), "OwnedByOther", id="owned-over-edited"
        ),
        pytest.param(a_pull_secret(immutable=True), "UnusableSecret", id="immutable"),
        pytest.param(a_pull_secret(type="Opaque"), "UnusableSecret", id="ours-of-another-type"),
        pytest.param(
            a_pull_secret(immutable=True, data=None), "UnusableSecret", id="unusable-over-edited"
        ),
    ],
)
def test_what_is_not_ours_to_write_is_refused(found: PullSecret, refusal: Refusal) -> None:
    """Promise 3: a Secret of somebody else is never changed, whatever state it is in."""
    assert look(found) == Refuse(SHOP, refusal, found)


@pytest.mark.parametrize(
    ("regions", "need"),
    [
        pytest.param((IRELAND,), "Incomplete", id="one-missing"),
        pytest.param((IRELAND, VIRGINIA), None, id="complete"),
        pytest.param((IRELAND, VIRGINIA, "us-west-2"), None, id="one-more-than-asked-for"),
    ],
)
def test_a_region_that_had_no_token_is_tried_again(
    regions: tuple[str, ...], need: Need | None
) -> None:
    """Promise 6: what was written without one of its regions is completed as soon as AWS lets us.

    A pull secret that looks fresh would otherwise be left alone for hours.
    """
    credential = a_credential("shop", regions=(IRELAND, VIRGINIA))
    found = a_pull_secret(content=a_content(*(a_token(region) for region in regions)))

    actions = survey(credential, a_world(found), source=SOURCE, now=NOON)

    assert actions == ((Write(SHOP, need, found) if need else Keep(SHOP, found)),)


def test_only_namespaces_that_exist_are_targets() -> None:
    """Nothing can be written where there is no namespace; it is served when it appears."""
    credential = a_credential("shop", "bank", "gone")
    world = a_world(namespaces=("bank", "shop", "of-another"))

    actions = survey(credential, world, source=SOURCE, now=NOON)

    bank = ObjectKey("bank", "ecr-login")
    assert actions == (Write(bank, "Missing", None), Write(SHOP, "Missing", None))
    assert present_targets(credential, world) == [bank, SHOP]


def test_a_namespace_that_is_no_longer_listed_loses_its_pull_secret() -> None:
    """Ours and only ours: what others keep under that name stays."""
    kept, unlisted = a_pull_secret("shop"), a_pull_secret("bank")
    foreign = a_pull_secret("cafe", owner_uid=None)
    of_another = a_pull_secret("club", owner_uid=OTHER_UID)
    world = a_world(
        kept, unlisted, foreign, of_another, namespaces=("shop", "bank", "cafe", "club")
    )

    actions = survey(a_credential("shop"), world, source=SOURCE, now=NOON)

    assert actions == (Keep(SHOP, kept), Delete(unlisted.key, unlisted))


def test_nothing_is_deleted_in_a_namespace_that_is_going() -> None:
    """It is collected with its namespace."""
    unlisted = a_pull_secret("bank")

    actions = survey(a_credential("shop"), a_world(unlisted), source=SOURCE, now=NOON)

    assert actions == (Write(SHOP, "Missing", None),)
    assert leftovers(a_credential("shop"), a_world(unlisted)) == {unlisted.key: unlisted}


@pytest.mark.parametrize(
    ("new", "deleted"),
    [
        pytest.param(a_pull_secret("shop"), True, id="in-place"),
        pytest.param(None, False, id="absent"),
        pytest.param(a_pull_secret("shop", owner_uid=None), False, id="taken-by-a-foreign-one"),
        pytest.param(a_pull_secret("shop", data=None), False, id="unable-to-pull"),
    ],
)
def test_an_old_name_goes_only_once_the_new_one_is_in_place(
    new: PullSecret | None, deleted: bool
) -> None:
    """Promise 2: after `spec.secretName` changed, pods can pull with the one or the other."""
    old = a_pull_secret("shop", name="ecr-login-of-yesterday")
    world = a_world(*(secret for secret in (old, new) if secret))

    actions = survey(a_credential("shop"), world, source=SOURCE, now=NOON)

    assert (Delete(old.key, old) in actions) is deleted


def test_one_namespace_that_lags_behind_keeps_its_old_name_alone() -> None:
    """The others are tidied up without waiting for it."""
    old_shop = a_pull_secret("shop", name="old")
    old_bank = a_pull_secret("bank", name="old")
    new_bank = a_pull_secret("bank")
    world = a_world(old_shop, old_bank, new_bank, namespaces=("shop", "bank"))

    actions = survey(a_credential("shop", "bank"), world, source=SOURCE, now=NOON)

    assert [action for action in actions if isinstance(action, Delete)] == [
        Delete(old_bank.key, old_bank)
    ]


def test_a_namespace_outside_of_the_scope_is_refused_and_not_looked_at() -> None:
    """Whether it exists or not: the others are served, and the status says so."""
    world = replace(a_world(namespaces=("shop", "bank")), outside=["bank"])

    actions = survey(a_credential("shop", "bank"), world, source=SOURCE, now=NOON)

    assert actions == (
        Write(SHOP, "Missing", None),
        Refuse(ObjectKey("bank", "ecr-login"), "OutOfScope", None),
    )
