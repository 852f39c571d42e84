"""The policy lets through whatever the operator decides to do.

Decisions are made by the operator's own functions, and carried out with its own token.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ecr_secrets.core.actions import Keep, Need
from ecr_secrets.core.content import (
    DIGEST,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    REGISTRIES,
    Content,
    digest_of,
)
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.webhook.ca_secret import DATA_KEY as RECORD_KEY
from manifests.install import CONFINED
from tests.cluster.admission_policy.decisions import carry_out, decide, write_over
from tests.cluster.admission_policy.patches import annotated, config, encoded, merged, of_type
from tests.cluster.admission_policy.ward import Ward
from tests.cluster.api import Object
from tests.core.builders import (
    HOUR,
    IRELAND,
    LIFE,
    NOON,
    VIRGINIA,
    a_content,
    a_token,
    an_original_secret,
)

RECORD = ObjectKey(CONFINED.namespace, CONFINED.record)
FAR_FUTURE = "2999-01-01T00:00:00Z"
FIRST = a_content()  # of noon
LATER, EARLIER = (a_content(a_token(issued_at=NOON + hours * HOUR)) for hours in (7, -1))
ADDED = a_content(a_token(), a_token(VIRGINIA, issued_at=NOON - 5 * HOUR))
HALF_EXPIRED = a_content(a_token(issued_at=NOON - LIFE), a_token(VIRGINIA, issued_at=NOON - HOUR))
BOTH = a_content(*(a_token(region, issued_at=NOON - 3 * HOUR) for region in (IRELAND, VIRGINIA)))
FORGED = f"{FIRST.registries[0].host}={FAR_FUTURE}"


def sealed(registries: str) -> Object:
    """Forge the registries, and the digest along with them."""
    annotations = FIRST.annotations() | {REGISTRIES: registries}
    digest = digest_of(FIRST.docker_config, annotations)
    return {"metadata": {"annotations": annotations | {DIGEST: digest}}}


OTHERS: Object = {
    "metadata": {
        "labels": {"team": "shop"},
        "annotations": {"backup": "yes"},
        "finalizers": ["example.com/hold"],
    },
    "data": {"theirs": encoded("x")},
}
NO_STAMP = {"metadata": {"annotations": None}}
NO_LABEL = {"metadata": {"labels": None}}
OTHER_LABEL = {"metadata": {"labels": {MANAGED_BY_LABEL: "Helm"}}}


@pytest.mark.parametrize(
    ("standing", "edit", "content", "need"),
    [
        pytest.param(FIRST, {}, LATER, "Stale", id="refresh"),
        pytest.param(FIRST, OTHERS, LATER, "Stale", id="refresh-beside-what-others-added"),
        pytest.param(a_content(a_token(issued_at=NOON - LIFE)), {}, FIRST, "Expired", id="expired"),
        pytest.param(HALF_EXPIRED, {}, BOTH, "Expired", id="one-region-expired"),
        pytest.param(FIRST, config("{}"), FIRST, "Edited", id="data-edited"),
        pytest.param(FIRST, annotated(expiry=FAR_FUTURE), FIRST, "Edited", id="expiry-edited"),
        pytest.param(FIRST, annotated(registries=FORGED), FIRST, "Edited", id="registries-edited"),
        pytest.param(
            FIRST,
            annotated(registries=f"{FORGED},x=2999-99-99T99:99:99Z,\n=={'é' * 100}"),
            FIRST,
            "Edited",
            id="registries-nonsense",
        ),
        pytest.param(
            FIRST, annotated(registries="," * 250_000), FIRST, "Edited", id="registries-of-commas"
        ),
        pytest.param(
            FIRST, annotated(registries=f"{FORGED}," * 3000), FIRST, "Edited", id="registries-many"
        ),
        pytest.param(FIRST, sealed(FORGED), EARLIER, "Edited", id="registries-forged-with-digest"),
        pytest.param(FIRST, NO_STAMP, FIRST, "TakenOver", id="every-annotation-gone"),
        pytest.param(
            FIRST, annotated(digest=None, registries=FORGED), FIRST, "TakenOver", id="digest-gone"
        ),
        pytest.param(FIRST, NO_LABEL, FIRST, "Edited", id="label-gone"),
        pytest.param(FIRST, OTHER_LABEL, FIRST, "Edited", id="label-edited"),
        pytest.param(
            FIRST,
            {},
            a_content(a_token(issued_at=NOON - HOUR), source="changed"),
            "SourceChanged",
            id="source-changed-to-an-older-token",
        ),
        pytest.param(
            a_content(a_token(), a_token(VIRGINIA), source="with-virginia"),
            {},
            EARLIER,
            "SourceChanged",
            id="region-taken-out",
        ),
        pytest.param(FIRST, {}, ADDED, "Incomplete", id="region-that-was-missing"),
    ],
)
def test_what_the_operator_decides_to_write_is_let_through(
    ward: Ward, key: ObjectKey, standing: Content, edit: Object, content: Content, need: Need
) -> None:
    """Each need, also over what somebody has edited or forged, at the first try."""
    ward.serve(key, standing)
    found = ward.api.merge("Secret", key.name, edit, namespace=key.namespace)
    now = NOON + 7 * HOUR if content is LATER else NOON

    write = write_over(ward, found, content, now=now)
    answer = carry_out(ward, write, content)

    assert write.because == need
    assert answer.status == 200, answer.words
    assert isinstance(decide(ward, answer.body, content, now=now), Keep)
    ward.api.merge("Secret", key.name, {"metadata": {"finalizers": None}}, namespace=ward.namespace)


@pytest.mark.parametrize("expires_in", [-HOUR, HOUR], ids=["expired", "good-for-an-hour"])
def test_secrets_of_the_original_operator_are_taken_over(
    ward: Ward, key: ObjectKey, expires_in: timedelta
) -> None:
    """They have an owner and no label; from then on they are ours in every respect."""
    original = an_original_secret(expires_at=NOON + expires_in, owner=ward.owner)
    for name in ("uid", "resourceVersion"):
        del original["metadata"][name]
    found = ward.stand(key, original)

    write = write_over(ward, found, FIRST)
    answer = carry_out(ward, write, FIRST)

    assert write.because == "TakenOver"
    assert answer.status == 200, answer.words
    assert answer.body["metadata"]["uid"] == found["metadata"]["uid"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="as-written"),
        pytest.param(NO_LABEL, id="label-gone"),
        pytest.param({"metadata": {"ownerReferences": None}}, id="owner-gone"),
        pytest.param({"immutable": True}, id="immutable"),
        pytest.param(of_type("Opaque"), id="of-another-type"),
    ],
)
def test_what_is_ours_may_be_deleted(ward: Ward, key: ObjectKey, change: Object) -> None:
    """A name that changed, a namespace that is no longer listed."""
    ours = merged(ward.manifest(key, FIRST), {"metadata": {"resourceVersion": None}})
    ward.stand(key, merged(ours, change))

    answer = ward.operator.ask("delete", key)

    assert answer.status == 200
    assert ward.find(key) is None


RECORD_MANIFEST: Object = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": RECORD.name, "labels": {MANAGED_BY_LABEL: MANAGED_BY}},
    "type": "Opaque",
    "data": {RECORD_KEY: encoded("{}")},
}


@pytest.fixture
def strange_record(ward: Ward) -> Iterator[None]:
    """Somebody's Secret in the record's place; what an operator has written there may stay."""
    made = ward.find(RECORD) is None
    if made:
        ward.stand(RECORD, config("nonsense") | {"type": "Opaque"})
    yield
    if made:
        ward.api.delete("Secret", RECORD.name, RECORD.namespace)


@pytest.mark.usefixtures("strange_record")
@pytest.mark.parametrize(
    ("verb", "body"),
    [
        pytest.param("force", RECORD_MANIFEST, id="written"),
        pytest.param("delete", None, id="deleted"),
    ],
)
def test_the_record_of_the_webhooks_authorities_is_the_operators(
    ward: Ward, verb: str, body: Object | None
) -> None:
    """By its name in the operator's namespace, whoever has put something there."""
    answer = ward.operator.ask(verb, RECORD, body, dry_run=True)

    assert answer.status == 200, answer.words
