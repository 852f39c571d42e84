"""Values that are each right and do not go together are refused before anything is made."""

from typing import Any

import pytest

from chart.generated import CHART
from ecr_secrets.cli.webhook_settings import lifetimes_of
from tests.helm.helm import Helm, Values, config_of
from tests.helm.matrix import A_CREDENTIAL, SPEC

_OFF = {"enabled": False}
_DAY = 86_400  # seconds
_ANOTHER = {**A_CREDENTIAL, "name": "another", "spec": {**SPEC, "secretName": "other-login"}}

WRONG: list[tuple[str, Values, str]] = [
    ("pod", {"webhook": {"port": 8080}}, "metrics.port and webhook.port are both 8080"),
    ("probes", {"health": {"port": 9443}}, "health.port and webhook.port are both 9443"),
    ("metrics", {"metrics": {"port": 8081}}, "health.port and metrics.port are both 8081"),
    (
        "service",
        {"webhook": {"servicePort": 8081}},
        "health.port and webhook.servicePort are both 8081",
    ),
    ("pause", {"preStopSleepSeconds": 8}, "terminationGracePeriodSeconds is 20"),
    ("grace", {"settings": {"shutdownGraceSeconds": 10.5}}, "5 together, 20.5"),
    ("end", {"terminationGracePeriodSeconds": 17}, "terminationGracePeriodSeconds is 17"),
    (
        "end-of-defaults",
        {"terminationGracePeriodSeconds": 17, "settings": {"shutdownGraceSeconds": None}},
        "5 together, 18",
    ),
    (
        "authority",
        {"webhook": {"caLifetimeSeconds": 100_000}},
        "webhook.caLifetimeSeconds is 100000, less than webhook.certificateLifetimeSeconds, 604800",
    ),
    (
        "overlap-of-authorities",
        {"webhook": {"caLifetimeSeconds": 7 * _DAY, "caOverlapSeconds": 100_801}},
        "webhook.caLifetimeSeconds is 604800, less than 6 times webhook.caOverlapSeconds, 604806",
    ),
    (
        "overlap-of-certificates",
        {"webhook": {"certificateLifetimeSeconds": 179.5, "caOverlapSeconds": None}},
        "webhook.certificateLifetimeSeconds is 179.5, less than 3 times webhook.caOverlapSeconds",
    ),
    (
        "defaults-of-the-operator",
        {"webhook": {"caLifetimeSeconds": _DAY, "certificateLifetimeSeconds": None}},
        "webhook.caLifetimeSeconds is 86400, less than webhook.certificateLifetimeSeconds, 604800",
    ),
    (
        "no-way-to-roll",
        {"updateStrategy": {"rollingUpdate": {"maxSurge": 0}}},
        "updateStrategy.rollingUpdate: maxSurge and maxUnavailable are both 0",
    ),
    (
        "no-way-in-percent",
        {"updateStrategy": {"rollingUpdate": {"maxSurge": "0%", "maxUnavailable": "0%"}}},
        "updateStrategy.rollingUpdate: maxSurge and maxUnavailable are both 0",
    ),
    (
        "all-kept",
        {"podDisruptionBudget": {"minAvailable": 2}},
        "podDisruptionBudget.minAvailable is 2 of 2 replicas: no node could be drained",
    ),
    (
        "all-kept-in-percent",
        {"replicaCount": 3, "podDisruptionBudget": {"minAvailable": "67%"}},
        "podDisruptionBudget.minAvailable is 67% of 3 replicas: no node could be drained",
    ),
    (
        "none-missing",
        {"podDisruptionBudget": {"maxUnavailable": 0}},
        "podDisruptionBudget.maxUnavailable is 0: no node could be drained",
    ),
    (
        "none-missing-in-percent",
        {"podDisruptionBudget": {"maxUnavailable": "0%"}},
        "podDisruptionBudget.maxUnavailable is 0%: no node could be drained",
    ),
    (
        "nothing-said",
        {"podDisruptionBudget": {"minAvailable": None}},
        "podDisruptionBudget: minAvailable and maxUnavailable are both null",
    ),
    ("no-names", {"dnsPolicy": "None"}, "dnsConfig.nameservers is needed"),
    ("twice", {"credentials": [A_CREDENTIAL] * 2}, "there are two named my-ecr-credentials"),
    (
        "no-right",
        {"rbac": {"secretNames": ["ecr-login"]}, "credentials": [A_CREDENTIAL, _ANOTHER]},
        "another has the spec.secretName other-login, which is not among rbac.secretNames",
    ),
    *(
        (
            f"{name}-of-nothing",
            {"metrics": {**_OFF, name: {"enabled": True}}},
            f"metrics.{name}.enabled needs metrics.enabled",
        )
        for name in ("serviceMonitor", "podMonitor", "prometheusRule", "dashboard")
    ),
]


@pytest.mark.parametrize(
    ("values", "reason"), [pytest.param(values, said, id=name) for name, values, said in WRONG]
)
def test_a_contradiction_is_named(helm: Helm, values: Values, reason: str) -> None:
    """The API server would refuse it halfway, or nothing would ever say so."""
    said = helm.refusal("template", "ecr", str(CHART), values=values)

    assert "values that do not go together:\n- " in said
    assert reason in said


RIGHT: list[tuple[str, Values]] = [
    ("switched-off", {"metrics": {**_OFF, "port": 8081}, "webhook": {**_OFF, "port": 8081}}),
    ("on-two-sides", {"webhook": {"port": 443, "servicePort": 9443}}),
    ("just-enough", {"terminationGracePeriodSeconds": 18}),
    ("no-pause", {"preStopSleepSeconds": 0, "terminationGracePeriodSeconds": 13}),
    (
        "lives",
        {
            "webhook": {
                "caLifetimeSeconds": 604_800,
                "certificateLifetimeSeconds": 604_800,
                "caOverlapSeconds": 100_800,
            }
        },
    ),
    ("short-lives", {"webhook": {"certificateLifetimeSeconds": 180}}),
    ("lives-of-nobody", {"webhook": {**_OFF, "caLifetimeSeconds": 1}}),
    ("lives-of-others", {"webhook": {"existingSecret": "serving", "caLifetimeSeconds": 1}}),
    ("rolling", {"updateStrategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}}),
    ("default-of-kubernetes", {"updateStrategy": {"rollingUpdate": {"maxSurge": None}}}),
    ("not-rolling", {"updateStrategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 0}}}),
    ("two-of-three", {"replicaCount": 3, "podDisruptionBudget": {"minAvailable": 2}}),
    ("66%-of-three", {"replicaCount": 3, "podDisruptionBudget": {"minAvailable": "66%"}}),
    ("one-missing", {"podDisruptionBudget": {"minAvailable": None, "maxUnavailable": "1%"}}),
    ("no-budget", {"podDisruptionBudget": {**_OFF, "minAvailable": 2}}),
    ("none-for-one", {"replicaCount": 1, "podDisruptionBudget": {"minAvailable": 1}}),
    ("names", {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["192.0.2.1"]}}),
    ("two", {"credentials": [A_CREDENTIAL, _ANOTHER]}),
    (
        "rights",
        {
            "rbac": {"secretNames": ["ecr-login", "other-login"]},
            "credentials": [A_CREDENTIAL, _ANOTHER],
        },
    ),
]


@pytest.mark.parametrize("values", [pytest.param(values, id=name) for name, values in RIGHT])
def test_what_goes_together_is_let_through(helm4: Helm, values: dict[str, Any]) -> None:
    """Each is near one of those above."""
    assert helm4.render(values)


def test_lives_that_go_together_are_those_that_the_operator_takes(helm4: Helm) -> None:
    """What the chart lets through on the edge, the operator does not refuse at its start."""
    lives = dict(RIGHT)["lives"]

    assert lifetimes_of(config_of(helm4.render(lives))).overlap.total_seconds() == 100_800


def test_all_contradictions_are_named_at_once(helm: Helm) -> None:
    """Nobody likes to find them one by one."""
    values = {"health": {"port": 8080}, "dnsPolicy": "None"}

    said = helm.refusal("template", "ecr", str(CHART), values=values)

    assert "health.port and metrics.port are both 8080" in said
    assert "dnsConfig.nameservers" in said


_OLD = "--kube-version=1.35.9"


@pytest.mark.parametrize(
    ("name", "values", "options", "refused"),
    [
        pytest.param("1st", {}, [_OLD], True, id="release"),
        pytest.param("ecr", {"fullnameOverride": "1st"}, [_OLD], True, id="override"),
        pytest.param("1st", {"fullnameOverride": "first"}, [_OLD], False, id="remedy"),
        pytest.param("1st", {}, ["--kube-version=1.36.0"], False, id="newer"),
    ],
)
def test_a_service_begins_with_a_letter_on_older_clusters(
    helm: Helm, name: str, values: Values, options: list[str], *, refused: bool
) -> None:
    """Kubernetes 1.36 was the first to take another name."""
    words = ("template", name, str(CHART), *options)
    if refused:
        assert "wants a letter first: set fullnameOverride" in helm.refusal(*words, values=values)
    else:
        assert helm.run(*words, values=values)
