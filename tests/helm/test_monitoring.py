"""Alerts and dashboard speak of metrics that exist, of this release's operator."""

import json
import re
from typing import Any

import pytest

from chart.generated import CHART
from ecr_secrets.metrics import REGISTRY
from tests.helm.helm import CLUSTER_NAME, FULL_NAME, NAMESPACE, Helm, the
from tests.helm.matrix import VALUES

_SUFFIXES = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
_NAMES = {
    metric.name + suffix
    for metric in REGISTRY.collect()
    for suffix in _SUFFIXES.get(metric.type, [""])
}
_METRIC = re.compile(r"\becr_secrets_[a-z_]+\b")


def _rules(helm: Helm, **settings: Any) -> list[dict[str, Any]]:
    values = {"metrics": {"prometheusRule": {"enabled": True, **settings}}}
    (group,) = the(helm.render(values), "PrometheusRule")["spec"]["groups"]
    return list(group["rules"])


def _dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CHART / "files" / "dashboard.json").read_text())
    return found


def test_alerts_ask_for_metrics_that_exist(helm4: Helm) -> None:
    """An alert on a metric of another name is silent for ever."""
    named = {name for rule in _rules(helm4) for name in _METRIC.findall(rule["expr"])}

    assert named - _NAMES == set()
    assert "ecr_secrets_token_expiry_timestamp_seconds" in named


def test_alerts_are_about_this_release(helm4: Helm) -> None:
    """However its pods are scraped, and no matter who else runs one."""
    ours = f'namespace="{NAMESPACE}", job=~"(.+/)?({FULL_NAME})"'

    assert [rule["alert"] for rule in _rules(helm4) if ours not in rule["expr"]] == []


@pytest.mark.parametrize("name", ["monitored", "monitored-elsewhere"])
def test_alerts_find_the_jobs_that_the_monitors_make(helm4: Helm, name: str) -> None:
    """A ServiceMonitor's is called like the Service, a PodMonitor's like itself."""
    objects = helm4.render(VALUES[name])
    (group,) = the(objects, "PrometheusRule")["spec"]["groups"]
    (pattern,) = {
        job for rule in group["rules"] for job in re.findall(r'job=~("[^"]+")', rule["expr"])
    }

    place = the(objects, "PodMonitor")["metadata"]
    jobs = [the(objects, "Service")["metadata"]["name"], f"{place['namespace']}/{place['name']}"]
    # The string of PromQL has the escapes of JSON; Prometheus matches the whole of a label.
    assert [job for job in jobs if not re.fullmatch(json.loads(pattern), job)] == []
    assert not re.fullmatch(json.loads(pattern), jobs[0].replace("-", "."))


def test_every_alert_says_what_is_wrong_and_how_bad_it_is(helm4: Helm) -> None:
    """In the words of whoever is woken by it."""
    rules = _rules(helm4)

    assert {rule["labels"]["severity"] for rule in rules} == {"critical", "warning"}
    assert all(rule["annotations"]["summary"] for rule in rules)
    assert len({rule["alert"] for rule in rules}) == len(rules)


def test_credentials_that_may_expire_raise_no_alert(helm4: Helm) -> None:
    """OnPodAdmission lets tokens expire; rules of one's own come last."""
    own = {"alert": "Mine", "expr": "vector(1)"}

    rules = _rules(helm4, excludedCredentials="lazy-.*", additionalRules=[own])

    about_expiry = [rule for rule in rules if "expiry_timestamp" in rule["expr"]]
    assert about_expiry
    assert all('credential!~"lazy-.*"' in rule["expr"] for rule in about_expiry)
    assert rules[-1] == own


def test_the_dashboard_asks_for_metrics_that_exist() -> None:
    """Every panel shows something."""
    expressions = [
        target["expr"] for panel in _dashboard()["panels"] for target in panel["targets"]
    ]

    assert {name for each in expressions for name in _METRIC.findall(each)} - _NAMES == set()
    assert all("ecr_secrets_" in each for each in expressions)


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    """Each has a place of its own on a grid of 24 columns."""
    places = [panel["gridPos"] for panel in _dashboard()["panels"]]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23


def test_the_dashboard_comes_as_the_sidecar_of_grafana_finds_it(helm4: Helm) -> None:
    """By its label, and as the JSON it was, with a title that tells whose it is."""
    config_map = the(helm4.render(VALUES["monitored"]), "ConfigMap")

    ((name, text),) = config_map["data"].items()
    made = json.loads(text)
    assert made == {**_dashboard(), "uid": made["uid"], "title": made["title"]}
    assert made["title"] == f"ECR pull secrets: {NAMESPACE}/{FULL_NAME}"
    assert name == f"{CLUSTER_NAME}.json"
    assert config_map["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_every_release_has_a_dashboard_of_its_own(helm4: Helm) -> None:
    """Grafana replaces one by another of the same uid, and takes no more than 40 characters."""
    values = VALUES["monitored-elsewhere"]
    releases = [("a", "one"), ("a", "two"), ("b", "one"), ("b" * 50, "n" * 60)]

    data = [
        the(helm4.render(values, name=name, ns=ns), "ConfigMap")["data"] for name, ns in releases
    ]

    uids = {json.loads(text)["uid"] for each in data for text in each.values()}
    assert len(uids) == len(releases)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", uid) for uid in uids)
    assert len({file for each in data for file in each}) == len(releases)


@pytest.mark.parametrize(
    ("kind", "endpoints"),
    [("ServiceMonitor", "endpoints"), ("PodMonitor", "podMetricsEndpoints")],
)
def test_a_monitor_reads_the_metrics_of_this_release(
    helm4: Helm, kind: str, endpoints: str
) -> None:
    """Wherever it is made, it looks into the operator's namespace."""
    monitor = the(helm4.render(VALUES["monitored-elsewhere"]), kind)

    assert monitor["metadata"]["namespace"] == "default"
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["namespaceSelector"] == {"matchNames": [NAMESPACE]}
    assert monitor["spec"][endpoints] == [
        {"port": "metrics", "interval": "30s", "scrapeTimeout": "10s"}
    ]
