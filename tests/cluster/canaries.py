"""Strings that nobody may read outside of a Secret, and the search for them in what people read."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ecr_secrets.core.spec import API_VERSION, PLURAL
from testbed.aws.iam import AccessKey
from testbed.control_plane import ControlPlane
from testbed.operator import Operator

NOTED: dict[str, str] = {}  # of clusters and operators that may have ended since: what they said
_LISTS = (
    "/api/v1/events",
    f"/apis/{API_VERSION}/{PLURAL}",
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "/apis/coordination.k8s.io/v1/leases",
)

# How secrets of a kind begin, whatever their value. All that a test makes is made with these.
SHAPES = {
    "private key": "PRIVATE KEY-----",
    "private key on P-256": "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEH",  # RFC 5958, in base64
    "registry token": "eyJwYXlsb2FkIjog",  # {"payload":
    "service account's token": "eyJhbGciOi",  # {"alg":
    "session token": "IQoJb3JpZ2luX2Vj",
}
_LONG = re.compile(r"[\w+/=-]{16,}")  # shorter than any form of an access key


def note_operator(name: str, operator: Operator) -> None:
    """Note what an operator that runs shows to who asks."""
    NOTED[f"{name}: metrics"] = "\n".join(operator.metrics())


def note_cluster(name: str, control_plane: ControlPlane) -> None:
    """Note what a cluster shows of an operator to who may read anything but Secrets."""
    for path in _LISTS:
        status, found = control_plane.request("GET", path)
        assert status in {200, 404}  # the latter: our kind was removed from the cluster
        NOTED[f"{name}: {path}"] = json.dumps(found)


def note_statuses(name: str, statuses: Iterable[object]) -> None:
    """Note what credentials that are about to go say."""
    NOTED[f"{name}: statuses"] = json.dumps(list(statuses))


def texts_so_far(kept_logs: Path) -> dict[str, str]:
    """Collect what was said by operators that have ended, and what was noted."""
    return {log.name: log.read_text(errors="replace") for log in kept_logs.iterdir()} | NOTED


def forms(word: str) -> Iterator[str]:
    """List how a word reads: plain, and wherever it stands in something that is put in base64."""
    data = word.encode()
    yield word
    for start in range(3):  # base64 takes three bytes at a time
        whole = data[start : start + (len(data) - start) // 3 * 3]
        yield base64.b64encode(whole).decode()


def where_said(words: Iterable[str], texts: Mapping[str, str]) -> list[str]:
    """Name the texts in which one of the words stands; never the word."""
    wanted = set(words)
    return [where for where, text in texts.items() if any(word in text for word in wanted)]


def where_shapes_are_said(texts: Mapping[str, str]) -> list[str]:
    """Name the texts in which something has the shape of a secret, in any form."""
    return where_said((form for shape in SHAPES.values() for form in forms(shape)), texts)


def where_secrets_are_said(keys: Iterable[AccessKey], texts: Mapping[str, str]) -> list[str]:
    """Name the texts in which something has the shape of a secret, or one of the keys stands."""
    return sorted({*where_shapes_are_said(texts), *where_keys_are_said(keys, texts)})


def where_keys_are_said(keys: Iterable[AccessKey], texts: Mapping[str, str]) -> list[str]:
    """Name the texts in which half an access key stands, in any form."""
    halves = {half for key in keys for half in (key.access_key_id, key.secret_access_key)}
    long = {where: " ".join(set(_LONG.findall(text))) for where, text in texts.items()}
    return where_said((form for half in halves for form in forms(half)), long)
