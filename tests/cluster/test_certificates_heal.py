"""Whatever befalls the Secret of the authorities, no question about a pod fails for it."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ecr_secrets.webhook.authority import make_ca
from ecr_secrets.webhook.ca_record import Entry, encode_record, parse_record
from ecr_secrets.webhook.ca_secret import DATA_KEY, SECRET_NAME
from testbed.certificates import Authority, Certificate
from testbed.operator import NAMESPACE
from tests.cluster.api import Object
from tests.cluster.other_operator import operated, resting
from tests.cluster.pods import Village, a_pod
from tests.cluster.promptness import PROMISED, Promptness
from tests.cluster.stage import Site, Stage
from tests.cluster.webhook_health import Crowd, events_on
from tests.cluster.webhook_metrics import failed_open

YEAR = timedelta(days=365)
HOUR = timedelta(hours=1)

Damage = Callable[[Stage], None]

# From the API server's answer to the damage on, with half a second's overlap: a new authority
# signs when that is over, so that the default of a minute is what it takes there.
MENDING = Promptness()


@pytest.fixture(scope="module")
def quick_site(site: Site) -> Iterator[Site]:
    """The shared control plane under an operator that changes authorities within a second."""
    with resting(site) as rested, operated(rested, "--ca-overlap-seconds", "0.5") as other:
        yield other


@pytest.fixture
def village(quick_site: Site) -> Iterator[Village]:
    """A namespace whose pods the operator is asked about."""
    with Stage(quick_site) as stage:
        made = Village(stage, "shop")
        made.serve()
        yield made


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - certificates are checked against the real time


def _content(stage: Stage) -> bytes:
    found = stage.api.find("Secret", SECRET_NAME, NAMESPACE)
    return b64decode(((found or {}).get("data") or {}).get(DATA_KEY, ""))


def _entries(stage: Stage) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(_content(stage))["authorities"]
    return entries


def _put(stage: Stage, content: bytes) -> None:
    data = {DATA_KEY: b64encode(content).decode()}
    stage.api.merge("Secret", SECRET_NAME, {"data": data}, namespace=NAMESPACE)


def _edit(stage: Stage, **fields: str) -> None:
    """Change every authority of the record."""
    record = {"version": 1, "authorities": [entry | fields for entry in _entries(stage)]}
    _put(stage, json.dumps(record).encode())


def _recreate(stage: Stage, **fields: Any) -> None:
    stage.api.delete("Secret", SECRET_NAME, NAMESPACE)
    metadata = {"name": SECRET_NAME, "namespace": NAMESPACE}
    secret: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **fields}
    stage.site.control_plane.request("POST", f"/api/v1/namespaces/{NAMESPACE}/secrets", secret)


def _delete(stage: Stage) -> None:
    stage.api.delete("Secret", SECRET_NAME, NAMESPACE)


def _drop_data(stage: Stage) -> None:
    stage.api.merge("Secret", SECRET_NAME, {"data": {DATA_KEY: None}}, namespace=NAMESPACE)


def _cut_off(stage: Stage) -> None:
    _put(stage, _content(stage)[:-200])


def _cut_certificate(stage: Stage) -> None:
    _edit(stage, certificate=_entries(stage)[-1]["certificate"][:200])


def _swap_key(stage: Stage) -> None:
    _edit(stage, key=make_ca(now=_now(), lifetime=YEAR).key.decode())


def _record_of(born: datetime) -> bytes:
    """Write the record of an authority that nobody has heard of."""
    return encode_record([Entry.announcing(make_ca(now=born, lifetime=YEAR))])


def _replace(stage: Stage) -> None:
    _put(stage, _record_of(_now()).replace(b"Announced", b"Signing"))


def _replace_by_expired(stage: Stage) -> None:
    _put(stage, _record_of(_now() - YEAR - HOUR).replace(b"Announced", b"Signing"))


def _replace_by_stranger(stage: Stage) -> None:
    made: Certificate = Authority("stranger").issue_server(["127.0.0.1"], ["stranger"])
    _edit(stage, certificate=made.certificate_pem.decode(), key=made.key_pem.decode())


# An operator records 25 Events on one object, then few: what makes another object stands between.
DAMAGES = [
    pytest.param(lambda stage: _put(stage, b"junk"), id="garbage"),
    pytest.param(_drop_data, id="no-data"),
    pytest.param(lambda stage: _put(stage, b""), id="empty"),
    pytest.param(_delete, id="deleted"),
    pytest.param(_cut_off, id="cut-off"),
    pytest.param(_cut_certificate, id="certificate-cut-off"),
    pytest.param(_swap_key, id="key-of-another"),
    pytest.param(lambda stage: _recreate(stage, type="example.com/x"), id="of-another-type"),
    pytest.param(_replace, id="replaced"),
    pytest.param(_replace_by_expired, id="expired"),
    pytest.param(_replace_by_stranger, id="of-a-stranger"),
    pytest.param(lambda stage: _recreate(stage, immutable=True), id="immutable"),
]


def _is_whole(stage: Stage) -> bool:
    record = parse_record(_content(stage))
    signing = [one for one in record.authorities if one.role == "Signing" and one.has_key]
    return not record.damaged and len(signing) == 1 and signing[0].not_after > _now()


def _told(stage: Stage) -> int:
    return sum(events_on(stage, "Secret", NAMESPACE).values())


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_record_is_mended_and_no_question_fails(village: Village, damage: Damage) -> None:
    """An authority signs again soon, an Event tells of it, and pods notice nothing at all."""
    stage, (shop,) = village.stage, village.namespaces
    stage.until("an authority signs", lambda: _is_whole(stage))
    before, told, failures = _content(stage), _told(stage), failed_open(stage.site.control_plane)

    with Crowd(village) as crowd:
        damage(stage)
        MENDING.until("it is mended", lambda: _content(stage) != before and _is_whole(stage))
        stage.until("that is told", lambda: _told(stage) > told)
        admitted = crowd.admitted
        stage.until("pods come and go", lambda: crowd.admitted >= admitted + 20)

    assert crowd.refused == []
    assert failed_open(stage.site.control_plane) == failures
    assert village.is_asked_about(a_pod(shop, village.secret))


def test_all_records_were_mended_within_two_seconds() -> None:
    """Whatever the damage: another authority signed by then."""
    assert MENDING.second_longest() <= PROMISED, MENDING.spans


def test_after_a_long_absence_everything_is_made_anew(quick_site: Site) -> None:
    """Authority and bundle have expired meanwhile, and nobody has to do anything about it."""
    with Stage(quick_site) as stage:
        village = Village(stage, "shop")
        village.serve()
        assert stage.operator.stop() == 0
        record = _record_of(_now() - YEAR - HOUR).replace(b"Announced", b"Signing")
        (entry,) = parse_record(record).entries
        _put(stage, record)
        kind, name = "ValidatingWebhookConfiguration", "kube-ecr-secrets-operator"
        webhooks = (stage.api.find(kind, name) or {})["webhooks"]
        webhooks[0]["clientConfig"]["caBundle"] = b64encode(entry.certificate.pem).decode()
        stage.api.merge(kind, name, {"webhooks": webhooks})

        stage.operator.start()

        pod = a_pod(village.namespaces[0], village.secret)
        stage.until("pods are asked about", lambda: village.is_asked_about(pod))
        failures = failed_open(stage.site.control_plane)
        assert all(village.is_asked_about(pod) for _ in range(5))
        assert failed_open(stage.site.control_plane) == failures
