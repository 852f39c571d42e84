"""From one version of the chart to the next and back, and nobody notices."""

import shutil
from pathlib import Path

import pytest
import yaml

from chart.generated import CHART
from testbed.audit import AuditEvent
from testbed.helm import MAJORS
from testbed.operator import NAMESPACE
from tests.cluster.audit import position, requests_of_operator, writes
from tests.lifecycle.place import Place


def _next_version(folder: Path) -> Path:
    """Write the chart as it may be one version later: with a value more, which it uses."""
    chart = folder / "next"
    shutil.copytree(CHART, chart)
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
    before = (place.secrets(), place.api.list("AWSECRCredential"))
    calls = place.aws.calls(place.key)

    place.follow("Upgrade", CHART=str(_next_version(tmp_path)))
    assert "configmap/motto" in place.names("configmaps", f"--namespace={NAMESPACE}")
    upgraded = _run_quietly(place)
    place.follow("Roll back")
    assert "configmap/motto" not in place.names("configmaps", f"--namespace={NAMESPACE}")
    returned = _run_quietly(place)

    assert (upgraded, returned) == ([], [])
    assert (place.secrets(), place.api.list("AWSECRCredential")) == before
    assert place.aws.calls(place.key) == calls
