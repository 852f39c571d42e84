"""What the chart renders, value by value; what holds for all is in test_chart and test_dry_run."""

from typing import Any

import pytest

from ecr_secrets.settings import Config
from tests.helm.helm import (
    CLUSTER_NAME,
    FULL_NAME,
    NAMESPACE,
    Helm,
    Values,
    config_of,
    container_of,
    identity,
    of_kind,
    pod_of,
    the,
)
from tests.helm.matrix import A_CREDENTIAL, KEYS, VALUES
from tests.image.project import IMAGE, VERSION


def test_a_plain_release_is_this(helm4: Helm) -> None:
    """Nothing else is made unless asked for."""
    assert sorted(identity(each) for each in helm4.render()) == sorted(
        [
            ("ClusterRole", "", CLUSTER_NAME),
            ("ClusterRoleBinding", "", CLUSTER_NAME),
            ("CustomResourceDefinition", "", "awsecrcredentials.aws.zakariaamine.com"),
            ("Deployment", NAMESPACE, FULL_NAME),
            ("Pod", NAMESPACE, f"{FULL_NAME}-test"),
            ("PodDisruptionBudget", NAMESPACE, FULL_NAME),
            ("Role", NAMESPACE, FULL_NAME),
            ("RoleBinding", NAMESPACE, FULL_NAME),
            ("Service", NAMESPACE, FULL_NAME),
            ("ServiceAccount", NAMESPACE, FULL_NAME),
            ("ValidatingAdmissionPolicy", "", CLUSTER_NAME),
            ("ValidatingAdmissionPolicyBinding", "", CLUSTER_NAME),
        ]
    )


def test_the_operator_reads_its_own_defaults(helm4: Helm) -> None:
    """Every flag exists and is accepted; only names and ports are the release's."""
    assert config_of(helm4.render()) == Config(
        webhook_port=9443,
        webhook_service=FULL_NAME,
        webhook_configuration=CLUSTER_NAME,
        webhook_secret=f"{FULL_NAME}-webhook",
        webhook_owner=CLUSTER_NAME,
        lease_name=FULL_NAME,
    )


def test_the_operator_reads_what_is_set(helm4: Helm) -> None:
    """No number loses its shape on the way, and null leaves the choice to the operator."""
    values = {
        "settings": {"maxWritesPerSecond": 12.5, "workers": None, "logLevel": "debug"},
        "webhook": {"port": 8443, "servicePort": 8444, "caLifetimeSeconds": 63072000},
        "metrics": {"port": 9090},
        "health": {"port": 9091},
        "leaderElection": {"leaseName": "mine"},
    }

    objects = helm4.render(values)

    config = config_of(objects)
    assert config.max_writes_per_second == 12.5
    assert config.workers == Config().workers
    assert config.log_level == "debug"
    assert (config.webhook_port, config.webhook_service_port) == (8443, 8444)
    assert config.ca_lifetime_seconds == 63072000
    assert "--ca-lifetime-seconds=63072000" in container_of(objects)["args"]  # no exponent
    assert (config.metrics_port, config.health_port) == (9090, 9091)
    assert config.lease_name == "mine"


def test_what_is_switched_off_has_no_port_anywhere(helm4: Helm) -> None:
    """Neither in the process nor in the pod, the Service or the policy of the network."""
    off = {"enabled": False}

    objects = helm4.render({"webhook": off, "metrics": off, "networkPolicy": {"enabled": True}})

    config = config_of(objects)
    assert (config.webhook_port, config.metrics_port) == (0, 0)
    assert [port["name"] for port in container_of(objects)["ports"]] == ["health"]
    assert [port["name"] for port in the(objects, "Service")["spec"]["ports"]] == ["health"]
    (ingress,) = the(objects, "NetworkPolicy")["spec"]["ingress"]
    assert ingress == {"ports": [{"port": 8081}]}


def test_the_service_finds_the_operator_and_nobody_else(helm4: Helm) -> None:
    """The pod of `helm test` answers no webhook."""
    objects = helm4.render({"metrics": {"serviceMonitor": {"enabled": True}}})
    selector = the(objects, "Service")["spec"]["selector"]
    monitored = the(objects, "ServiceMonitor")["spec"]["selector"]["matchLabels"]

    assert selector.items() <= pod_of(objects)["metadata"]["labels"].items()
    assert not selector.items() <= the(objects, "Pod")["metadata"]["labels"].items()
    assert monitored.items() <= the(objects, "Service")["metadata"]["labels"].items()


@pytest.mark.parametrize(
    ("replicas", "made"), [pytest.param(1, 0, id="one"), pytest.param(2, 1, id="two")]
)
def test_a_single_replica_has_no_budget(helm4: Helm, replicas: int, made: int) -> None:
    """It would keep the node from ever being drained."""
    objects = helm4.render({"replicaCount": replicas})

    assert len(of_kind(objects, "PodDisruptionBudget")) == made


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        pytest.param(
            {}, {"minAvailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}, id="plain"
        ),
        pytest.param(
            {"maxUnavailable": "50%", "unhealthyPodEvictionPolicy": "IfHealthyBudget"},
            {"maxUnavailable": "50%", "unhealthyPodEvictionPolicy": "IfHealthyBudget"},
            id="chosen",
        ),
    ],
)
def test_a_pod_that_does_not_get_ready_keeps_no_node(
    helm4: Helm, budget: Values, expected: dict[str, Any]
) -> None:
    """It may always be evicted, unless somebody wants it otherwise."""
    spec = the(helm4.render({"podDisruptionBudget": budget}), "PodDisruptionBudget")["spec"]

    assert {name: spec[name] for name in spec if name != "selector"} == expected


def test_labels_and_annotations_reach_every_object(helm4: Helm) -> None:
    """Common ones, and they never replace those that selectors need."""
    values = {
        "commonLabels": {"team": "platform", "app.kubernetes.io/instance": "forged"},
        "commonAnnotations": {"note": "ours"},
        "metrics": dict(VALUES["monitored"]["metrics"]),
        "networkPolicy": {"enabled": True},
        "awsAccess": KEYS,
        "credentials": [A_CREDENTIAL],
        "webhook": {"certManager": {"enabled": True}},
    }

    found = [each["metadata"] for each in helm4.render(values)]

    assert {each["labels"]["team"] for each in found} == {"platform"}
    assert {each["labels"]["app.kubernetes.io/instance"] for each in found} == {"ecr"}
    assert {each["annotations"]["note"] for each in found} == {"ours"}


def test_labels_that_selectors_need_are_not_replaced(helm4: Helm) -> None:
    """The Deployment would be refused, and the ServiceMonitor find nothing."""
    given = {"app.kubernetes.io/instance": "forged", "app.kubernetes.io/name": "x", "team": "a"}
    selector = the(helm4.render(), "Service")["spec"]["selector"]

    objects = helm4.render({"podLabels": given, "service": {"labels": given}})

    for metadata in (pod_of(objects)["metadata"], the(objects, "Service")["metadata"]):
        assert selector.items() <= metadata["labels"].items()
        assert metadata["labels"]["team"] == "a"


def test_the_fence_lets_the_test_pod_in(helm4: Helm) -> None:
    """It reads the metrics, wherever else they may be read from."""
    objects = helm4.render(VALUES["fenced"])

    rules = the(objects, "NetworkPolicy")["spec"]["ingress"]
    (sources,) = [rule["from"] for rule in rules if rule.get("ports") == [{"port": 8080}]]
    own = sources[-1]["podSelector"]["matchLabels"]
    assert sources[:-1] == VALUES["fenced"]["networkPolicy"]["metricsFrom"]
    assert own.items() <= the(objects, "Pod")["metadata"]["labels"].items()
    assert not own.items() <= pod_of(objects)["metadata"]["labels"].items()


def test_spreading_is_by_the_pods_of_this_release(helm4: Helm) -> None:
    """The selector is filled in, and one that is given stays."""
    mine = {"matchLabels": {"mine": "yes"}}
    constraint = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    values = {"topologySpreadConstraints": [constraint, {**constraint, "labelSelector": mine}]}

    objects = helm4.render(values)

    first, second = pod_of(objects)["spec"]["topologySpreadConstraints"]
    labels = the(objects, "Deployment")["spec"]["selector"]["matchLabels"]
    assert first == {**constraint, "labelSelector": {"matchLabels": labels}}
    assert second == {**constraint, "labelSelector": mine}


@pytest.mark.parametrize("create", [True, False])
def test_the_pod_has_its_token_whatever_its_account_says(helm4: Helm, create: bool) -> None:
    """An account that is there, or that a policy of the cluster changes, may switch it off."""
    account = {"create": create, "name": "given"}

    assert pod_of(helm4.render({"serviceAccount": account}))["spec"]["automountServiceAccountToken"]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        pytest.param({}, f"{IMAGE}:{VERSION}", id="appVersion"),
        pytest.param({"repository": "r.example/x", "tag": "2"}, "r.example/x:2", id="tag"),
        pytest.param(
            {"repository": "x", "tag": "2", "digest": f"sha256:{'a' * 64}"},
            f"x@sha256:{'a' * 64}",
            id="digest",
        ),
    ],
)
def test_the_image_is_named_by_the_strongest(
    helm4: Helm, image: dict[str, str], expected: str
) -> None:
    """A digest beats a tag, which beats the chart's version; the test pod uses the same."""
    objects = helm4.render({"image": image})

    (tester,) = the(objects, "Pod")["spec"]["containers"]
    assert {container_of(objects)["image"], tester["image"]} == {expected}
