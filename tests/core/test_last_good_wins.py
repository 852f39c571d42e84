"""Promise 1 in every world that can be thought of: the last good pull secret wins."""

from collections.abc import Iterable
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from ecr_secrets.core.actions import LONGEST_LIFE, Action, Delete, Keep, Refuse, Write, can_pull
from ecr_secrets.core.content import DIGEST, EXPIRY, Content
from ecr_secrets.core.credential import Credential
from ecr_secrets.core.hosts import region_of
from ecr_secrets.core.plan import survey
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.core.settle import settle
from ecr_secrets.core.token import RegistryToken
from tests.core.builders import (
    ACCOUNT,
    HOUR,
    IRELAND,
    LIFE,
    NOON,
    OTHER_UID,
    SOURCE,
    VIRGINIA,
    a_content,
    a_credential,
    a_pull_secret,
    a_token,
    a_world,
    an_original_secret,
    parsed,
    written,
)

REGIONS = (IRELAND, VIRGINIA, "us-west-2")
NAMESPACES = ("a", "b", "c", "d")


@st.composite
def contents(draw: st.DrawFn, *, newest: timedelta = 2 * HOUR) -> Content:
    """Tokens for some of the regions, of any age, for one of two accounts."""
    regions = draw(st.lists(st.sampled_from(REGIONS), min_size=1, unique=True))
    tokens: list[RegistryToken] = [
        a_token(
            region,
            account=draw(st.sampled_from([ACCOUNT, "444455556666"])),
            issued_at=NOON + draw(st.timedeltas(min_value=-14 * HOUR, max_value=newest)),
            life=draw(st.sampled_from([LIFE, LIFE, HOUR])),
            password=draw(st.sampled_from(["one", "two"])),
        )
        for region in regions
    ]
    return a_content(*tokens, source=draw(st.sampled_from([SOURCE, SOURCE, "old"])))


@st.composite
def secrets(draw: st.DrawFn, namespace: str) -> PullSecret:
    """Build a Secret on a target, in any state there is."""
    content = draw(contents())
    state = draw(
        st.sampled_from(
            ["good"] * 4 + ["original", "label", "data", "digest", "expiry", "foreign", "other"]
        )
    )
    if state == "original":
        expires_at = (NOON + draw(st.timedeltas(-LIFE, LIFE))).replace(microsecond=0)
        return parsed(an_original_secret(namespace, expires_at=expires_at))
    if state in {"foreign", "other"}:
        owner = None if state == "foreign" else OTHER_UID
        return a_pull_secret(namespace, content, owner_uid=owner)
    if state == "data":
        return a_pull_secret(namespace, content, data=None)
    edited = {"digest": DIGEST, "expiry": EXPIRY}.get(state)
    return a_pull_secret(
        namespace,
        content,
        labelled=state != "label",
        annotations={edited: None} if edited else None,
    )


@st.composite
def worlds(draw: st.DrawFn) -> list[PullSecret]:
    """Secrets in some of the namespaces."""
    present = draw(st.lists(st.sampled_from(NAMESPACES), unique=True))
    return [draw(secrets(namespace)) for namespace in present]


def asking_for(content: Content, more: Iterable[str] = ()) -> tuple[Credential, frozenset[str]]:
    """Build a credential that asks for the regions of a content and more; say what it lacks."""
    opened = {region for entry in content.registries if (region := region_of(entry.host))}
    asked = opened | set(more)
    return a_credential(*NAMESPACES, regions=tuple(sorted(asked))), frozenset(asked - opened)


def planned(
    credential: Credential,
    found: Iterable[PullSecret],
    content: Content | None,
    without: frozenset[str] = frozenset(),
) -> tuple[Action, ...]:
    """Survey and settle at noon."""
    world = a_world(*found, namespaces=NAMESPACES)
    actions = survey(credential, world, source=SOURCE, now=NOON)
    return settle(actions, content, without=without, now=NOON)


def loses(found: PullSecret, content: Content, without: frozenset[str]) -> bool:
    """Say in other words than the code what a write would take away."""
    hosts = {entry.host: entry.expires_at for entry in content.registries}
    still_open = {
        entry.host: entry.expires_at
        for entry in found.stamp.registries
        if NOON < entry.expires_at <= NOON + LONGEST_LIFE
    }
    closed = {host for host in still_open if region_of(host) in without} - hosts.keys()
    same_source = found.stamp.source in {None, content.source}
    shortened = {host for host in still_open.keys() & hosts if hosts[host] < still_open[host]}
    gained = hosts.keys() - still_open.keys() if content.refresh_after > NOON else ()
    return bool(closed) or (same_source and bool(shortened) and not gained)


@given(
    found=worlds(),
    content=contents(newest=timedelta(0)),
    more=st.lists(st.sampled_from(REGIONS)),
)
def test_no_write_takes_away_what_works(
    found: list[PullSecret], content: Content, more: list[str]
) -> None:
    """A pull secret that can pull loses no registry and no hour of its life."""
    credential, without = asking_for(content, more)

    for action in planned(credential, found, content, without):
        if isinstance(action, Write) and action.found and can_pull(action.found, now=NOON):
            assert not loses(action.found, content, without)


@given(found=worlds(), content=st.none() | contents())
def test_what_is_not_ours_is_never_touched(
    found: list[PullSecret], content: Content | None
) -> None:
    """Promise 3: neither written nor deleted, whatever is at hand."""
    credential, _ = asking_for(content) if content else (a_credential(*NAMESPACES), None)
    foreign = {secret.key for secret in found if secret.owner_uid != credential.uid}

    actions = planned(credential, found, content)

    touched = {action.target for action in actions if isinstance(action, Write | Delete)}
    assert not touched & foreign
    assert {action.target for action in actions if isinstance(action, Refuse)} == foreign


@given(found=worlds(), content=contents(newest=timedelta(0)))
def test_whole_content_that_is_newer_reaches_everyone(
    found: list[PullSecret], content: Content
) -> None:
    """Promise 6: what is kept for being better is better; everything else holds the content."""
    credential, _ = asking_for(content)

    for action in planned(credential, found, content):
        if isinstance(action, Keep):
            same = action.found.stamp.digest == content.annotations()[DIGEST]
            stamp = action.found.stamp
            settled = stamp.registries == content.registries and stamp.digest < content.digest
            assert same or settled or loses(action.found, content, frozenset())


@given(
    found=worlds(),
    content=contents(newest=timedelta(0)),
    more=st.lists(st.sampled_from(REGIONS)),
)
def test_nothing_is_written_twice(
    found: list[PullSecret], content: Content, more: list[str]
) -> None:
    """Promise 7: after everything asked for was written, the next look writes nothing."""
    credential, without = asking_for(content, more)
    after = {secret.key: secret for secret in found}
    for action in planned(credential, found, content, without):
        if isinstance(action, Write):
            after[action.target] = written(action.target.namespace, content)

    again = planned(credential, after.values(), content, without)

    assert not [action for action in again if isinstance(action, Write | Delete)]


@given(
    tokens=st.lists(st.sampled_from(REGIONS), min_size=1, unique=True),
    age=st.timedeltas(min_value=timedelta(0), max_value=6 * HOUR - timedelta(seconds=1)),
)
def test_what_was_just_written_is_left_alone(tokens: list[str], age: timedelta) -> None:
    """Promise 7: a restart with everything fresh finds nothing to do, and asks AWS for nothing."""
    content = a_content(*(a_token(region, issued_at=NOON - age) for region in tokens))
    credential, _ = asking_for(content)
    found = [written(namespace, content) for namespace in NAMESPACES]

    actions = survey(credential, a_world(*found, namespaces=NAMESPACES), source=SOURCE, now=NOON)

    assert actions == tuple(Keep(secret.key, secret) for secret in found)
