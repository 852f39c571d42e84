"""AdmissionReviews on the wire: the question about a pod, and the one answer there is.

Whoever reaches the port can send a review, so nothing in one is believed to be well-formed, and
nothing of it but its bounded uid comes back in the answer.
"""

from typing import Annotated, Literal

import msgspec

from ecr_secrets.core.admission import PodAdmission
from ecr_secrets.errors import InvalidReviewError

MAX_WARNING = 119  # characters; Kubernetes asks for fewer than 120
_ELLIPSIS = "..."
_LABEL = "warning:"  # kubectl writes it in front itself


class _Kind(msgspec.Struct, frozen=True):
    kind: Literal["Pod"]
    group: Literal[""] = ""


class _Reference(msgspec.Struct, frozen=True):
    name: str = ""  # Kubernetes leaves out what is empty


# More than any pod has: a forged review costs a look into memory for each.
_References = Annotated[tuple[_Reference, ...], msgspec.Meta(max_length=1000)]


class _PodSpec(msgspec.Struct, frozen=True, rename="camel"):
    image_pull_secrets: _References | None = None


class _Pod(msgspec.Struct, frozen=True):
    spec: _PodSpec


class _Request(msgspec.Struct, frozen=True, rename="camel"):
    uid: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]  # the API server's have 36
    kind: _Kind
    namespace: Annotated[str, msgspec.Meta(min_length=1, max_length=63)]  # RFC 1123 label
    operation: Literal["CREATE", "UPDATE"]
    object: _Pod
    dry_run: bool | None = None  # None: not a dry run


class _Review(msgspec.Struct, frozen=True, rename="camel"):
    api_version: Literal["admission.k8s.io/v1"]
    kind: Literal["AdmissionReview"]
    request: _Request


class _Response(msgspec.Struct, omit_defaults=True):
    uid: str
    allowed: Literal[True]
    warnings: list[str] = []


class _Answer(msgspec.Struct, rename="camel", kw_only=True):
    api_version: str = "admission.k8s.io/v1"
    kind: str = "AdmissionReview"
    response: _Response


def parse_review(body: bytes) -> PodAdmission:
    """Read an AdmissionReview about a pod.

    Raises:
        InvalidReviewError: it is anything else. Tells where, and nothing of what was found there.
    """
    try:
        request = msgspec.json.decode(body, type=_Review).request
    except msgspec.ValidationError as error:
        raise InvalidReviewError(f"not an AdmissionReview of a pod{_where(error)}") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise InvalidReviewError("the body is not JSON") from None
    references = request.object.spec.image_pull_secrets or ()
    return PodAdmission(
        uid=request.uid,
        namespace=request.namespace,
        operation=request.operation,
        dry_run=bool(request.dry_run),
        pull_secrets=frozenset(reference.name for reference in references if reference.name),
    )


def allow(uid: str, *warnings: str) -> bytes:
    """Render the answer: the pod may start, unchanged.

    Args:
        uid: of the question.
        warnings: for the person at `kubectl`; each becomes one printable line of fewer than 120
            characters, and an empty one is left out.
    """
    lines = [line for line in map(_one_line, warnings) if line]
    return msgspec.json.encode(_Answer(response=_Response(uid=uid, allowed=True, warnings=lines)))


def _one_line(warning: str) -> str:
    """Make a text fit for an HTTP header, which is how a warning travels to `kubectl`."""
    line = " ".join("".join(map(_in_ascii, warning)).split())
    while line.lower().startswith(_LABEL):
        line = line[len(_LABEL) :].lstrip()
    return line if len(line) <= MAX_WARNING else line[: MAX_WARNING - len(_ELLIPSIS)] + _ELLIPSIS


def _in_ascii(char: str) -> str:
    if " " <= char <= "~":
        return char
    return "?" if char.isprintable() else " "


def _where(error: msgspec.ValidationError) -> str:
    """Say where a review differs, without the value found there."""
    _, at, path = str(error).rpartition(" - at ")
    return f", at {path}" if at else ""
