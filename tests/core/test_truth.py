"""Promise 10 in every combination: what a status says is so."""

from datetime import timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ecr_secrets.core.actions import Action, Delete, Keep, Refuse, Starve, Write
from ecr_secrets.core.conclude import Findings, conclude
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.core.standing import Outcome, stand
from ecr_secrets.core.status import Status, find_condition, parse_status
from ecr_secrets.errors import (
    AccessDeniedError,
    AwsAccessNotFoundError,
    AwsUnavailableError,
    ForbiddenError,
    OperatorError,
)
from tests.core.builders import (
    HOUR,
    IRELAND,
    LIFE,
    NOON,
    VIRGINIA,
    a_content,
    a_credential,
    a_pull_secret,
    a_token,
    written,
)

NAMESPACES = ("a", "b", "c", "d", "e")
CREDENTIAL = a_credential(*NAMESPACES, regions=(IRELAND, VIRGINIA))

CONTENTS = {
    "both": a_content(a_token(IRELAND), a_token(VIRGINIA)),
    "ireland": a_content(a_token(IRELAND)),
    "stale": a_content(a_token(IRELAND, issued_at=NOON - 8 * HOUR), a_token(VIRGINIA)),
    "expired": a_content(a_token(IRELAND, issued_at=NOON - LIFE), a_token(VIRGINIA)),
}
ERRORS: list[OperatorError] = [
    AccessDeniedError("no"),
    AwsUnavailableError("x" * 3000),
    AwsAccessNotFoundError("spec.awsAccess: Secret default/aws-access does not exist"),
]


@st.composite
def looks(draw: st.DrawFn) -> tuple[list[Action], Outcome, Findings]:
    """One action, or none, for each namespace, whatever came of it, and whatever AWS said."""
    actions: list[Action] = []
    good: dict[ObjectKey, PullSecret] = {}
    failures: dict[ObjectKey, OperatorError] = {}
    missing: list[str] = []
    for namespace in NAMESPACES:
        found = written(namespace, CONTENTS[draw(st.sampled_from(list(CONTENTS)))])
        key = found.key
        kind = draw(st.sampled_from(["keep", "write", "create", "refuse", "starve", "missing"]))
        if kind == "missing":
            missing.append(namespace)
        elif kind == "keep":
            actions.append(Keep(key, found))
        elif kind == "refuse":
            foreign = a_pull_secret(namespace, owner_uid=None)
            actions.append(Refuse(key, "ForeignSecret", foreign))
        elif kind == "starve":
            actions.append(Starve(key, draw(st.sampled_from([None, found]))))
        else:
            actions.append(
                Write(key, "Missing", None) if kind == "create" else Write(key, "Stale", found)
            )
            result = draw(st.sampled_from(["done", "failed", "postponed"]))
            if result == "done":
                good[key] = written(namespace, CONTENTS[draw(st.sampled_from(["both", "ireland"]))])
            elif result == "failed":
                failures[key] = ForbiddenError(f"{key}: forbidden")
    old = a_pull_secret("a", name="old")
    deleted = draw(st.booleans())
    actions.append(Delete(old.key, old))
    errors = draw(st.dictionaries(st.sampled_from([IRELAND, VIRGINIA]), st.sampled_from(ERRORS)))
    findings = Findings(
        missing=missing,
        problem=draw(st.none() | st.sampled_from(ERRORS)),
        region_errors=errors,
        secret_names=("ecr-login", "old"),
    )
    outcome = Outcome(
        written=good, failures=failures, deleted=frozenset({old.key} if deleted else ())
    )
    return actions, outcome, findings


@given(look=looks())
def test_a_status_says_what_is(look: tuple[list[Action], Outcome, Findings]) -> None:
    """`Ready` is true exactly when pods can pull everywhere, and the counts say where they can."""
    actions, outcome, findings = look
    standing = stand(actions, outcome, now=NOON)

    status = conclude(CREDENTIAL, standing, findings, before=Status(), now=NOON)

    targets = {action.target for action in actions if not isinstance(action, Delete)}
    assert standing.ready | standing.failed | standing.pending == targets
    counts = status.namespaces
    assert counts
    assert counts.desired == len(NAMESPACES)
    pending = len(standing.pending)
    assert counts.ready + counts.failed + counts.missing + pending == len(NAMESPACES)
    ready = find_condition(status.conditions, "Ready")
    degraded = find_condition(status.conditions, "Degraded")
    assert ready
    assert degraded
    opened = all(
        any(region in entry.host for entry in stamp.registries)
        for region in findings.region_errors
        for stamp in standing.stamps
    )
    assert (ready.status == "True") == (len(standing.ready) == len(NAMESPACES) and opened)
    trouble = findings.problem or findings.region_errors or standing.troubles
    assert (degraded.status == "True") == bool(trouble)
    assert all(0 < len(each.message) <= 1000 for each in status.conditions)


@given(look=looks(), later=st.timedeltas(timedelta(0), timedelta(hours=1)))
def test_a_status_is_said_once(
    look: tuple[list[Action], Outcome, Findings], later: timedelta
) -> None:
    """Concluding again on the same world changes nothing, also after a round through the API."""
    actions, outcome, findings = look
    standing = stand(actions, outcome, now=NOON)
    before = conclude(CREDENTIAL, standing, findings, before=Status(), now=NOON)
    stored = parse_status(msgspec.json.encode(before))

    again = conclude(CREDENTIAL, standing, findings, before=stored, now=NOON + later)

    assert again == before
