"""From one version of the chart to the next and back, and nobody notices."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from chart.generated import CHART
from ecr_secrets.core.spec import API_VERSION, KIND
from testbed.audit import AuditEvent
from testbed.helm import MAJORS
from testbed.operator import NAMESPACE
from tests.cluster.api import Object
from tests.cluster.audit import position, requests_of_operator, writes
from tests.lifecycle.place import CREDENTIAL, Place


def _next_version(folder: Path) -> Path:
    """Write the chart as it may be one version later: a value, a field and a rule are new."""
    chart = folder / "next"
    shutil.copytree(CHART, chart)
    with _changed(chart / "files" / "crd.yaml") as crd:
        (version,) = crd["spec"]["versions"]
        spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
        spec["properties"]["motto"] = {"type": "string", "description": "What it is to live by."}
    with _changed(chart / "files" / "admission-policy.yaml") as policy:
        rule = {"expression": "request.name != 'motto'", "message": "rule motto: none of that name"}
        policy["spec"]["validations"].append(rule)
    head = yaml.safe_load((chart / "Chart.yaml").read_text())
    head |= {"version": "0.2.0", "appVersion": "0.2.0"}
    (chart / "Chart.yaml").write_text(yaml.safe_dump(head))
    values = chart / "values.yaml"
    values.write_text(f"{values.read_text()}\nmotto: onwards\n")
    schema = chart / "values.schema.json"
    known = '"properties": {'
    text = schema.read_text()
    schema.write_text(text.replace(known, f'{known} "motto": {{"type": "string"}},', 1))
    (chart / "templates" / "motto.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n"
        "  name: motto\n  namespace: {{ .Release.Namespace }}\n"
        "data: {motto: {{ .Values.motto | quote }}}\n"
    )
    return chart


@contextmanager
def _changed(path: Path) -> Iterator[Object]:
    manifest = yaml.safe_load(path.read_text())
    yield manifest
    path.write_text(yaml.safe_dump(manifest))


def _policy(place: Place) -> str:
    return place.cluster.kubectl("get", "validatingadmissionpolicies", "-o=yaml")


def _run_quietly(place: Place) -> list[AuditEvent]:
    """Have the installed version at work for a while; return what it has written elsewhere."""
    since = position(place.cluster)
    with place.operator() as operator:
        place.until(
            "it has looked at everything",
            lambda: any(
                name.startswith('ecr_secrets_reconciles_total{result="success"') and value > 0
                for name, value in operator.metrics().items()
            ),
        )
    done = writes(requests_of_operator(place.cluster, since=since))
    elsewhere = (event for event in done if event.namespace != NAMESPACE)
    return [event for event in elsewhere if event.resource in {"secrets", "awsecrcredentials"}]


@pytest.mark.parametrize("major", MAJORS, ids=lambda major: f"helm{major}")
def test_an_upgrade_and_the_way_back_touch_nothing(place: Place, tmp_path: Path) -> None:
    """Not one write to an object or a pull secret, nor a call to AWS, there and back again."""
    place.install()
    place.ask_for()
    with place.operator():
        place.until("it is served", lambda: place.condition()[0] == "True")
    before = (place.secrets(), place.api.list(KIND))
    calls = place.aws.calls(place.key)

    place.follow("Upgrade", CHART=str(_next_version(tmp_path)))
    assert "configmap/motto" in place.names("configmaps", f"--namespace={NAMESPACE}")
    assert "rule motto" in _policy(place)
    upgraded = _run_quietly(place)
    place.follow("Roll back")
    assert "configmap/motto" not in place.names("configmaps", f"--namespace={NAMESPACE}")
    assert "rule motto" not in _policy(place)
    returned = _run_quietly(place)

    assert (upgraded, returned) == ([], [])
    assert (place.secrets(), place.api.list(KIND)) == before
    assert place.aws.calls(place.key) == calls


_OBJECT = f"/apis/{API_VERSION}/awsecrcredentials/{CREDENTIAL}"
_MERGE = "application/merge-patch+json"


def _is_hidden(place: Place) -> bool:
    """Tell whether the object shows no such field; right after a change nobody can say."""
    status, answer = place.cluster.request("GET", _OBJECT)
    return status == 200 and "motto" not in answer["spec"]


def _takes_motto(place: Place, query: str = "") -> bool:
    """Set the field; False: the kind does not know it yet."""
    patch = {"spec": {"motto": "onwards"}}
    status, answer = place.cluster.request("PATCH", _OBJECT + query, patch, content_type=_MERGE)
    return status == 200 and answer["spec"].get("motto") == "onwards"


@pytest.mark.parametrize("major", MAJORS, ids=lambda major: f"helm{major}")
def test_a_field_of_the_next_version_goes_without_a_trace(place: Place, tmp_path: Path) -> None:
    """It is hidden at once and dropped with the next write; object and pull secrets stay."""
    chart = str(_next_version(tmp_path))
    place.install()
    uid = place.ask_for()["metadata"]["uid"]
    with place.operator():
        place.until("it is served", lambda: place.condition()[0] == "True")
    secrets = place.secrets()
    place.follow("Upgrade", CHART=chart)
    place.until("the field is set", lambda: _takes_motto(place))
    upgraded = _run_quietly(place)

    place.follow("Roll back")
    place.until("the field is hidden", lambda: _is_hidden(place))
    returned = _run_quietly(place)
    place.api.merge(KIND, CREDENTIAL, {"metadata": {"annotations": {"touched": "yes"}}})
    place.follow("Upgrade", CHART=chart)
    place.until("the field is known again", lambda: _takes_motto(place, "?dryRun=All"))

    assert _is_hidden(place)
    assert [each["metadata"]["uid"] for each in place.api.list(KIND)] == [uid]
    assert [event for event in upgraded + returned if event.resource == "secrets"] == []
    assert place.secrets() == secrets
    place.follow("Roll back")  # so that no other test meets the field
