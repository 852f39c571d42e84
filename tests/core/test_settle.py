"""What the content at hand is good for, target by target."""

from datetime import timedelta

import pytest

from ecr_secrets.core.actions import Action, Delete, Keep, Refuse, Starve, Write, can_pull
from ecr_secrets.core.content import DIGEST, EXPIRY, Content
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.plan import survey
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.core.settle import settle
from tests.core.builders import (
    ACCOUNT,
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
    written,
)

SHOP = ObjectKey("shop", "ecr-login")
FRESH = a_content(a_token(password="of-now"))
STALE = a_content(a_token(issued_at=NOON - 8 * HOUR))
EXPIRED = a_content(a_token(issued_at=NOON - LIFE))


def looked_at(found: PullSecret | None) -> Action:
    """Survey a world with one namespace at noon."""
    world = a_world(found) if found else a_world()
    (action,) = survey(a_credential("shop"), world, source=SOURCE, now=NOON)
    return action


@pytest.mark.parametrize(
    ("found", "because"),
    [
        pytest.param(None, "Missing", id="absent"),
        pytest.param(written("shop", STALE), "Stale", id="stale"),
        pytest.param(written("shop", EXPIRED), "Expired", id="expired"),
        pytest.param(a_pull_secret(data=None), "Edited", id="edited"),
        pytest.param(a_pull_secret(labelled=False), "Edited", id="label-removed"),
        pytest.param(a_pull_secret("shop", FRESH, labelled=False), "Edited", id="only-the-label"),
        pytest.param(
            a_pull_secret("shop", FRESH, annotations={DIGEST: None}), "TakenOver", id="only-digest"
        ),
        pytest.param(
            a_forged_pull_secret(**{EXPIRY: "2036-01-01T00:00:00Z"}), "Edited", id="forged-expiry"
        ),
        pytest.param(
            parsed(an_original_secret(expires_at=NOON + HOUR)), "TakenOver", id="of-the-original"
        ),
        pytest.param(
            a_pull_secret(content=a_content(source="old")), "SourceChanged", id="source-changed"
        ),
        pytest.param(
            written("shop", a_content(a_token(life=LIFE - SECOND))),
            "Outdated",
            id="fresh-but-older",
        ),
    ],
)
def test_whole_content_is_written_where_it_is_needed(
    found: PullSecret | None, because: str
) -> None:
    """Every need is met; and once a token is at hand, all namespaces get the same."""
    (action,) = settle([looked_at(found)], FRESH, now=NOON)

    assert isinstance(action, Write)
    assert (action.target, action.because, action.found) == (SHOP, because, found)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(written("shop", FRESH), id="it-already"),
        pytest.param(
            written("shop", a_content(a_token(life=LIFE + SECOND))), id="what-expires-later"
        ),
        pytest.param(
            parsed(an_original_secret(expires_at=NOON + LIFE + SECOND)),
            id="of-the-original-and-later",
        ),
    ],
)
def test_what_is_as_good_or_better_is_kept(found: PullSecret) -> None:
    """Promise 1: nothing is replaced by what expires earlier, and nothing written in vain."""
    assert settle([looked_at(found)], FRESH, now=NOON) == (Keep(SHOP, found),)


@pytest.mark.parametrize(
    ("life", "kept"),
    [
        pytest.param(LIFE - SECOND, False, id="a-second-earlier"),
        pytest.param(LIFE + SECOND, True, id="a-second-later"),
    ],
)
def test_the_later_expiry_wins(life: timedelta, *, kept: bool) -> None:
    """Whatever is at hand."""
    found = written("shop", a_content(a_token(life=life)))

    (action,) = settle([Keep(SHOP, found)], FRESH, now=NOON)

    assert isinstance(action, Keep) is kept


def test_of_two_that_expire_together_everyone_keeps_the_same() -> None:
    """Two processes that refresh in the same second do not replace each other's for ever."""
    other = a_content(a_token(password="of-somebody-else"))

    over_mine = settle([Keep(SHOP, written("shop", FRESH))], other, now=NOON)
    over_theirs = settle([Keep(SHOP, written("shop", other))], FRESH, now=NOON)

    assert sorted(type(action).__name__ for (action,) in (over_mine, over_theirs)) == [
        "Keep",
        "Write",
    ]


def test_parts_of_a_second_decide_nothing() -> None:
    """Annotations hold whole seconds, so a token of the same second is no later one."""
    mine = a_content(a_token(issued_at=NOON + timedelta(milliseconds=700), password="a"))
    theirs = a_content(a_token(issued_at=NOON + timedelta(milliseconds=300), password="b"))

    over_mine = settle([Keep(SHOP, written("shop", mine))], theirs, now=NOON)
    over_theirs = settle([Keep(SHOP, written("shop", theirs))], mine, now=NOON)

    assert sorted(type(action).__name__ for (action,) in (over_mine, over_theirs)) == [
        "Keep",
        "Write",
    ]


def test_what_the_user_changed_takes_effect_although_it_expires_earlier() -> None:
    """A new key or role is asked for by the user; its tokens may live for an hour only."""
    found = written("shop", a_content(source="the-key-of-yesterday"))
    content = a_content(a_token(life=HOUR))

    (action,) = settle([looked_at(found)], content, now=NOON)

    assert action == Write(SHOP, "SourceChanged", found)


def test_a_registry_that_is_closed_already_is_not_waited_for() -> None:
    """What fails for one registry is put right, although another one then expires earlier."""
    found = written("shop", a_content(a_token(IRELAND, issued_at=NOON - LIFE), a_token(VIRGINIA)))
    content = a_content(a_token(IRELAND), a_token(VIRGINIA, issued_at=NOON - HOUR))

    (action,) = settle([looked_at(found)], content, now=NOON)

    assert action == Write(SHOP, "Expired", found)


@pytest.mark.parametrize(
    ("age", "kept"),
    [
        pytest.param(HOUR, False, id="fresh"),
        pytest.param(LIFE - HOUR, True, id="stale"),
    ],
)
def test_a_registry_that_is_missing_is_worth_an_earlier_expiry(
    age: timedelta, *, kept: bool
) -> None:
    """Another replica had a newer token for one region and none for the other.

    Not with a token that is stale itself: the one that is there outlives it by far.
    """
    found = written("shop", a_content(a_token(IRELAND)))
    content = a_content(a_token(IRELAND, issued_at=NOON - age), a_token(VIRGINIA))
    incomplete = Write(SHOP, "Incomplete", found)

    (action,) = settle([incomplete], content, now=NOON)

    assert action == (Keep(SHOP, found) if kept else incomplete)


BOTH = (a_token(IRELAND), a_token(VIRGINIA))
PARTIAL = a_content(a_token(IRELAND, life=LIFE + HOUR))  # nothing came from Virginia


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        pytest.param(written("shop", a_content(*BOTH)), True, id="opens-it"),
        pytest.param(
            written("shop", a_content(*BOTH, source="old")), True, id="opens-it-with-another-key"
        ),
        pytest.param(
            parsed(an_original_secret(host=f"{ACCOUNT}.dkr.ecr.{VIRGINIA}.amazonaws.com")),
            True,
            id="opens-it-for-the-original",
        ),
        pytest.param(
            a_pull_secret("shop", a_content(*BOTH), labelled=False),
            True,
            id="opens-it-without-label",
        ),
        pytest.param(
            written("shop", a_content(a_token(IRELAND, issued_at=NOON - LIFE), a_token(VIRGINIA))),
            True,
            id="opens-it-alone",
        ),
        pytest.param(
            written("shop", a_content(a_token(IRELAND), a_token(VIRGINIA, issued_at=NOON - LIFE))),
            False,
            id="opened-it-until-now",
        ),
        pytest.param(written("shop", a_content(a_token())), False, id="never-opened-it"),
        pytest.param(
            a_pull_secret("shop", a_content(*BOTH), data=None), False, id="only-claims-to-open-it"
        ),
        pytest.param(
            written("shop", a_content(a_token(IRELAND), a_token("us-west-2"))),
            False,
            id="opens-one-not-asked-for",
        ),
        pytest.param(None, False, id="absent"),
    ],
)
def test_a_region_without_a_token_does_not_close_where_it_is_open(
    found: PullSecret | None, *, kept: bool
) -> None:
    """Promise 1 with several regions: what still opens a registry is not overwritten without it.

    Where nothing would be lost the regions that answered are served without waiting.
    """
    credential = a_credential("shop", regions=(IRELAND, VIRGINIA))
    world = a_world(found) if found else a_world()
    actions = survey(credential, world, source=SOURCE, now=NOON)

    (action,) = settle(actions, PARTIAL, without={VIRGINIA}, now=NOON)

    assert isinstance(action, Keep if kept else Write)


def test_an_account_taken_off_the_list_is_closed() -> None:
    """Its region has a token, so that it is missing is what the user asked for."""
    found = a_pull_secret(content=a_content(a_token(account="444455556666"), source="old"))

    (action,) = settle([looked_at(found)], FRESH, without={VIRGINIA}, now=NOON)

    assert action == Write(SHOP, "SourceChanged", found)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(None, Starve(SHOP, None), id="absent"),
        pytest.param(
            written("shop", STALE), Keep(SHOP, written("shop", STALE)), id="stale-but-good"
        ),
        pytest.param(
            written("shop", EXPIRED), Starve(SHOP, written("shop", EXPIRED)), id="expired"
        ),
        pytest.param(
            a_pull_secret(data=None), Starve(SHOP, a_pull_secret(data=None)), id="data-gone"
        ),
        pytest.param(
            a_pull_secret(labelled=False),
            Keep(SHOP, a_pull_secret(labelled=False)),
            id="only-the-label-gone",
        ),
        pytest.param(
            parsed(an_original_secret()),
            Keep(SHOP, parsed(an_original_secret())),
            id="of-the-original",
        ),
        pytest.param(
            parsed(an_original_secret(expires_at=NOON)),
            Starve(SHOP, parsed(an_original_secret(expires_at=NOON))),
            id="of-the-original-and-expired",
        ),
        pytest.param(
            a_forged_pull_secret(**{EXPIRY: "2036-01-01T00:00:00Z"}),
            Starve(SHOP, a_forged_pull_secret(**{EXPIRY: "2036-01-01T00:00:00Z"})),
            id="forged-expiry",
        ),
    ],
)
def test_without_content_what_can_pull_stays(found: PullSecret | None, expected: Action) -> None:
    """While AWS is away nothing is written; what cannot pull is said to be unserved."""
    assert settle([looked_at(found)], None, now=NOON) == (expected,)


FOREIGN = a_pull_secret(owner_uid=None)


@pytest.mark.parametrize("content", [None, FRESH], ids=["without-content", "with-content"])
@pytest.mark.parametrize(
    "action",
    [
        pytest.param(Refuse(SHOP, "ForeignSecret", FOREIGN), id="refuse"),
        pytest.param(
            Refuse(SHOP, "OwnedByOther", a_pull_secret(owner_uid=OTHER_UID)), id="refuse-of-other"
        ),
        pytest.param(Delete(SHOP, a_pull_secret()), id="delete"),
    ],
)
def test_content_changes_nothing_about_what_is_not_written(
    action: Action, content: Content | None
) -> None:
    """Foreign stays foreign, and what is unwanted stays unwanted."""
    assert settle([action], content, now=NOON) == (action,)


@pytest.mark.parametrize(
    ("found", "good"),
    [
        pytest.param(a_pull_secret(), True, id="ours"),
        pytest.param(a_pull_secret(owner_uid=None), True, id="anybodys"),
        pytest.param(parsed(an_original_secret()), True, id="of-the-original"),
        pytest.param(written("shop", a_content(a_token(life=SECOND))), True, id="for-a-second"),
        pytest.param(written("shop", EXPIRED), False, id="expired-now"),
        pytest.param(
            written("shop", a_content(a_token(life=13 * HOUR))), True, id="as-long-as-any-token"
        ),
        pytest.param(
            written("shop", a_content(a_token(life=13 * HOUR + SECOND))), False, id="longer"
        ),
        pytest.param(a_pull_secret(data=None), False, id="data-gone"),
        pytest.param(
            a_pull_secret(data=None, annotations={DIGEST: None}), False, id="data-and-digest-gone"
        ),
        pytest.param(a_pull_secret(type="Opaque"), False, id="of-another-type"),
        pytest.param(a_pull_secret(annotations={EXPIRY: None}), False, id="expiry-gone"),
    ],
)
def test_a_pull_secret_is_not_said_to_be_good_without_ground(
    found: PullSecret, *, good: bool
) -> None:
    """Promise 10: annotations alone do not make a pull secret that can pull."""
    assert can_pull(found, now=NOON) is good
