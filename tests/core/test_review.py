"""AdmissionReviews on the wire: what is taken for one, and the answer."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_secrets.core.admission import PodAdmission
from ecr_secrets.core.review import allow, parse_review
from ecr_secrets.errors import InvalidReviewError
from tests.core.reviews import UID, a_body, a_pod, a_review

DEEP = 200_000  # levels: enough to end a parser that calls itself
REAL = sorted((Path(__file__).parent / "real_reviews").glob("*.json"))


def an_admission(*pull_secrets: str, **differs: Any) -> PodAdmission:
    """Build what a review is parsed into."""
    fields = {"uid": UID, "namespace": "shop", "operation": "CREATE", "dry_run": False, **differs}
    return PodAdmission(pull_secrets=frozenset(pull_secrets), **fields)


def with_unknown_field(value: bytes) -> bytes:
    """Encode a review with one field more."""
    return a_body("ecr-login").replace(b'"uid":', b'"unheardOf":' + value + b',"uid":', 1)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(a_body("ecr-login"), an_admission("ecr-login"), id="one-secret"),
        pytest.param(a_body("a", "b", "a"), an_admission("a", "b"), id="named-twice"),
        pytest.param(a_body(), an_admission(), id="empty-list"),
        pytest.param(a_body(object={"spec": {}}), an_admission(), id="no-list"),
        pytest.param(
            a_body(object={"spec": {"imagePullSecrets": None}}), an_admission(), id="null-list"
        ),
        pytest.param(
            a_body(object={"spec": {"imagePullSecrets": [{}, {"name": ""}, {"name": "a"}]}}),
            an_admission("a"),
            id="names-left-out",
        ),
        pytest.param(a_body("a", dryRun=True), an_admission("a", dry_run=True), id="dry-run"),
        pytest.param(a_body("a", dryRun=...), an_admission("a"), id="dry-run-left-out"),
        pytest.param(
            a_body("a", operation="UPDATE", oldObject=a_pod("b")),
            an_admission("a", operation="UPDATE"),
            id="update-names-what-the-new-pod-names",
        ),
        pytest.param(
            a_body("a", object={**a_pod("a"), "metadata": {"namespace": "elsewhere"}}),
            an_admission("a"),
            id="the-namespace-is-that-of-the-question",
        ),
        pytest.param(a_body("a", uid="u" * 128), an_admission("a", uid="u" * 128), id="long-uid"),
        pytest.param(
            a_body("a", namespace="n" * 63),
            an_admission("a", namespace="n" * 63),
            id="long-namespace",
        ),
        pytest.param(
            a_body(*map(str, range(1000))), an_admission(*map(str, range(1000))), id="1000-secrets"
        ),
        pytest.param(
            with_unknown_field(b"9" * 100_000),
            an_admission("ecr-login"),
            id="huge-number-elsewhere",
        ),
        pytest.param(
            with_unknown_field(b'"\xff"'), an_admission("ecr-login"), id="bad-utf-8-elsewhere"
        ),
    ],
)
def test_what_a_review_asks(body: bytes, expected: PodAdmission) -> None:
    """Every form in which the API server asks is understood."""
    assert parse_review(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"{}", id="empty-object"),
        pytest.param(b"\x1f\x8b\x08\x00", id="gzip"),
        pytest.param(b"k8s\x00\n\x1a", id="protobuf"),
        pytest.param(a_body("a")[:-1], id="cut-off"),
        pytest.param(a_body("a") + b"{}", id="something-behind-it"),
        pytest.param(b"\xef\xbb\xbf" + a_body("a"), id="byte-order-mark"),
        pytest.param(a_body("a").decode().encode("utf-16"), id="utf-16"),
        pytest.param(b"[" * DEEP, id="deep-lists"),
        pytest.param(b'{"request":' * DEEP, id="deep-objects"),
        pytest.param(with_unknown_field(b"[" * DEEP + b"]" * DEEP), id="deep-where-unread"),
        pytest.param(with_unknown_field(b'"\\ud800"'), id="lone-surrogate-where-unread"),
        pytest.param(a_body("a").replace(UID.encode(), b"\\ud800"), id="lone-surrogate"),
        pytest.param(a_body("a").replace(UID.encode(), b"\xff\xfe"), id="bad-utf-8"),
        pytest.param(a_body("a", uid=2**80 * 1.0), id="uid-a-number"),
        pytest.param(
            a_body("a").replace(b'"%b"' % UID.encode(), b"9" * 10_000), id="uid-a-huge-integer"
        ),
        pytest.param(a_body("a", uid=""), id="uid-empty"),
        pytest.param(a_body("a", uid=...), id="uid-left-out"),
        pytest.param(a_body("a", uid="u" * 129), id="uid-too-long"),
        pytest.param(a_body("a", namespace=""), id="namespace-empty"),
        pytest.param(
            msgspec.json.encode(a_review("a", namespace="n" * 64)), id="namespace-too-long"
        ),
        pytest.param(a_body("a", object=None), id="object-null"),
        pytest.param(a_body("a", object=...), id="object-left-out"),
        pytest.param(a_body("a", object={}), id="no-spec"),
        pytest.param(a_body("a", object={"spec": None}), id="spec-null"),
        pytest.param(a_body("a", object={"spec": []}), id="spec-a-list"),
        pytest.param(a_body("a", object={"spec": {"imagePullSecrets": {}}}), id="list-an-object"),
        pytest.param(a_body("a", object={"spec": {"imagePullSecrets": ["a"]}}), id="list-of-names"),
        pytest.param(a_body(*map(str, range(1001))), id="1001-secrets"),
        pytest.param(a_body("a", operation="DELETE", object=None), id="delete"),
        pytest.param(a_body("a", operation="CONNECT"), id="connect"),
        pytest.param(a_body("a", dryRun="true"), id="dry-run-a-text"),
        pytest.param(
            a_body("a", kind={"group": "apps", "version": "v1", "kind": "Deployment"}),
            id="of-a-deployment",
        ),
        pytest.param(
            a_body("a", kind={"group": "metrics.k8s.io", "version": "v1", "kind": "Pod"}),
            id="of-a-pod-of-another-group",
        ),
        pytest.param(
            msgspec.json.encode({**a_review("a"), "apiVersion": "admission.k8s.io/v1beta1"}),
            id="v1beta1",
        ),
        pytest.param(
            msgspec.json.encode({**a_review("a"), "kind": "ConversionReview"}), id="another-kind"
        ),
        pytest.param(msgspec.json.encode({**a_review("a"), "request": None}), id="no-request"),
        pytest.param(allow(UID), id="an-answer"),
    ],
)
def test_what_is_no_review(body: bytes) -> None:
    """Anything else is refused, and the refusal repeats nothing of it."""
    with pytest.raises(
        InvalidReviewError, match=r"^(the body is not|not an AdmissionReview of a p)"
    ):
        parse_review(body)


def test_a_refusal_says_where_and_not_what() -> None:
    """What a stranger sends does not get into our logs."""
    with pytest.raises(InvalidReviewError) as caught:
        parse_review(a_body("a", operation="s3cret"))

    assert str(caught.value) == "not an AdmissionReview of a pod, at `$.request.operation`"


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_reviews_of_a_real_api_server(path: Path) -> None:
    """What Kubernetes 1.36 sent about real pods is understood."""
    body = path.read_bytes()
    request = msgspec.json.decode(body)["request"]

    admission = parse_review(body)

    assert admission == PodAdmission(
        uid=request["uid"],
        namespace="shop",
        operation=request["operation"],
        dry_run="dry-run" in path.stem,
        pull_secrets=frozenset({"ecr-login"} if "no-pull-secret" not in path.stem else ()),
    )


def parse(body: bytes) -> PodAdmission | InvalidReviewError:
    """Parse a review; anything but these two outcomes fails the test."""
    try:
        return parse_review(body)
    except InvalidReviewError as error:
        return error


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**64 - 1)
    | st.floats()
    | st.text()
    | st.sampled_from(["Pod", "CREATE", "AdmissionReview", "admission.k8s.io/v1", ""]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["request", "kind", "object", "spec", "imagePullSecrets", "name"]),
            inner,
        )
    ),
    max_leaves=12,
)
FIELDS = ["uid", "kind", "namespace", "operation", "object", "dryRun"]


@given(body=st.binary())
def test_any_bytes_end_well(body: bytes) -> None:
    """Whatever is sent, it is a review or it is refused."""
    assert isinstance(parse(body), InvalidReviewError)


@given(field=st.sampled_from(FIELDS), value=anything)
def test_any_value_of_any_field_ends_well(field: str, value: Any) -> None:
    """One field gone wrong is no review, or one that asks what stands there."""
    admission = parse(a_body("ecr-login", **{field: value}))

    assert isinstance(admission, InvalidReviewError) or admission.uid


@given(value=anything)
def test_any_json_ends_well(value: Any) -> None:
    """JSON that is not a review does no harm."""
    assert isinstance(parse(msgspec.json.encode(value)), PodAdmission | InvalidReviewError)


@given(data=st.data())
def test_a_damaged_review_ends_well(data: st.DataObject) -> None:
    """A review with bytes changed, cut out or put in does no harm."""
    body = a_body("ecr-login", "other")
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(start + 20, len(body))))
    damage = data.draw(st.binary(max_size=20) | st.sampled_from([b"[" * 2000, b"\\ud83d", b"\x00"]))

    outcome = parse(body[:start] + damage + body[end:])

    assert isinstance(outcome, PodAdmission | InvalidReviewError)


def warnings_of(*warnings: str) -> list[str]:
    """Read the warnings of an answer."""
    response = msgspec.json.decode(allow(UID, *warnings))["response"]
    return list(response.get("warnings", []))


def test_the_answer_is_allowed_and_nothing_else() -> None:
    """No answer denies, and none patches."""
    assert msgspec.json.decode(allow(UID)) == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": UID, "allowed": True},
    }


@pytest.mark.parametrize(
    ("warning", "shown"),
    [
        pytest.param("image pulls may fail", ["image pulls may fail"], id="plain"),
        pytest.param("Warning: it may fail", ["it may fail"], id="kubectl-writes-the-prefix"),
        pytest.param("WARNING: warning:x", ["x"], id="prefix-twice"),
        pytest.param(" a\n\tb\r\n c\x00d\x7f ", ["a b c d"], id="one-line"),
        pytest.param("käse\u2028\ud800", ["k?se"], id="not-ascii"),
        pytest.param("x" * 119, ["x" * 119], id="just-short-enough"),
        pytest.param("x" * 120, ["x" * 116 + "..."], id="just-too-long"),
        pytest.param("", [], id="empty"),
        pytest.param("warning: \n", [], id="nothing-left"),
    ],
)
def test_a_warning_is_one_short_printable_line(warning: str, shown: list[str]) -> None:
    """A warning arrives at the person at kubectl whole, whatever is in it."""
    assert warnings_of(warning) == shown


@given(warning=st.text())
def test_any_warning_can_travel_in_a_header(warning: str) -> None:
    """No text breaks an answer."""
    for shown in warnings_of(warning):
        assert 0 < len(shown) < 120
        assert shown.isascii()
        assert shown.isprintable()
