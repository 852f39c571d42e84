"""Objects that users care for: their credentials, keys and kind, and two releases of them."""

from typing import Any

import pytest
import yaml

from chart.generated import CHART
from ecr_secrets.kube.claim import LeaseTiming
from tests.helm.helm import (
    FULL_NAME,
    KNOWN,
    NAMESPACE,
    Helm,
    Values,
    container_of,
    identity,
    of_kind,
    the,
)
from tests.helm.matrix import A_CREDENTIAL, KEYS, VALUES
from tests.image.project import ROOT


def test_the_keys_come_to_the_credentials_without_any(helm4: Helm) -> None:
    """The Secret that the chart makes is used; what names its own access keeps it."""
    values = {**VALUES["credentials"], "awsAccess": KEYS}

    objects = helm4.render({**values, "keepCredentials": True}, KNOWN)

    secret = the(objects, "Secret")
    first, second = of_kind(objects, "AWSECRCredential")
    assert first["spec"]["awsAccess"] == {
        "secretName": secret["metadata"]["name"],
        "namespace": NAMESPACE,
    }
    assert second["spec"] == VALUES["credentials"]["credentials"][1]["spec"]
    assert secret["stringData"] == {
        "AWS_ACCESS_KEY_ID": KEYS["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": KEYS["secretAccessKey"],
        "AWS_REGION": KEYS["region"],
    }


@pytest.mark.parametrize(
    ("rbac", "read"),
    [
        pytest.param({}, [], id="any-secret"),
        pytest.param({"secretNames": ["ecr-login"]}, [["keys"]], id="named-secrets"),
    ],
)
def test_a_secret_that_is_there_comes_to_the_credentials_as_well(
    helm4: Helm, rbac: dict[str, Any], read: list[list[str]]
) -> None:
    """Its name is enough; it may be read, and none is made."""
    values = {"awsAccess": {"name": "keys"}, "credentials": [A_CREDENTIAL], "rbac": rbac}

    objects = helm4.render(values, KNOWN)

    access = the(objects, "AWSECRCredential")["spec"]["awsAccess"]
    roles = [each for each in of_kind(objects, "Role") if "aws-access" in each["metadata"]["name"]]
    assert access == {"secretName": "keys", "namespace": NAMESPACE}
    assert [rule["resourceNames"] for role in roles for rule in role["rules"]] == read
    assert of_kind(objects, "Secret") == []


def test_without_a_secret_the_credentials_use_the_operators_own_identity(helm4: Helm) -> None:
    """As they do who leave spec.awsAccess out."""
    objects = helm4.render({"credentials": [A_CREDENTIAL]}, KNOWN)

    assert "awsAccess" not in the(objects, "AWSECRCredential")["spec"]


def test_a_credential_is_a_hook_only_where_its_kind_is_new(helm: Helm) -> None:
    """Else Helm would make it anew with every upgrade, and its pull secrets would go with it."""
    values = {"credentials": [A_CREDENTIAL]}

    new = the(helm.render(values), "AWSECRCredential")["metadata"]["annotations"]
    known = the(helm.render(values, KNOWN), "AWSECRCredential")["metadata"]["annotations"]

    assert new["helm.sh/hook"] == "post-install,post-upgrade"
    assert known == {"helm.sh/resource-policy": "keep"}


def test_the_page_says_what_makes_no_hook_of_a_credential() -> None:
    """For those who render the chart and have something else than Helm apply it."""
    page = (ROOT / "docs" / "coming-and-going.md").read_text(encoding="utf-8")

    assert f"`{KNOWN.replace('=', ' ')}`" in page


def test_the_crd_outlives_the_release(helm4: Helm) -> None:
    """With it would go every object and every pull secret."""
    kept = the(helm4.render(), "CustomResourceDefinition")["metadata"]
    left = the(helm4.render({"crds": {"keep": False}}), "CustomResourceDefinition")["metadata"]

    assert kept["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert "annotations" not in left


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(("a", "one"), ("a", "two"), id="same-name"),
        pytest.param(("a", "one"), ("b", "one"), id="same-namespace"),
    ],
)
@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="monitored-there"),
        pytest.param(VALUES["monitored-elsewhere"], id="monitored-in-one-place"),
    ],
)
def test_two_releases_share_no_object(
    helm4: Helm, first: tuple[str, str], second: tuple[str, str], more: Values
) -> None:
    """Side by side, with every optional object; the CRD belongs to one of them."""
    values = {
        "metrics": dict(VALUES["monitored"]["metrics"]),
        "networkPolicy": {"enabled": True},
        "awsAccess": KEYS,
        "rbac": {"secretNames": ["ecr-login"]} | dict(VALUES["named-secrets"]["rbac"]),
        "webhook": {"certManager": {"enabled": True}},
        "crds": {"install": False},
        **more,
    }

    one, other = (
        {identity(each) for each in helm4.render(values, name=name, ns=namespace)}
        for name, namespace in (first, second)
    )

    assert one & other == set()


def test_cluster_wide_names_can_be_given(helm4: Helm) -> None:
    """For a cluster with one release, where the namespace need not be part of them."""
    objects = helm4.render({"clusterNameOverride": "ours", **VALUES["named-secrets"]})

    wide = [each for each in objects if "namespace" not in each["metadata"]]
    roles = {each["metadata"]["name"] for each in of_kind(objects, "Role")}
    arguments = container_of(objects)["args"]
    assert {each["metadata"]["name"] for each in wide} == {
        "ours",
        "awsecrcredentials.aws.zakariaamine.com",
    }
    assert roles == {FULL_NAME, "ours-aws-access"}
    assert {"--webhook-configuration=ours", "--webhook-owner=ours"} <= set(arguments)


@pytest.mark.parametrize(
    ("pause", "hooks"),
    [
        pytest.param(0, {}, id="none"),
        pytest.param(7, {"lifecycle": {"preStop": {"sleep": {"seconds": 7}}}}, id="some"),
    ],
)
def test_a_pod_answers_for_a_while_after_it_is_told_to_end(
    helm4: Helm, pause: int, hooks: dict[str, Any]
) -> None:
    """Until the API server has heard that it is no endpoint any more."""
    container = container_of(helm4.render({"preStopSleepSeconds": pause}))

    assert {name: container[name] for name in container if name == "lifecycle"} == hooks


def test_a_pod_is_given_the_time_it_takes_to_end() -> None:
    """The pause, the grace of its work, and what giving up the Lease may take."""
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    giving_up = LeaseTiming().request_timeout.total_seconds()

    needed = values["preStopSleepSeconds"] + values["settings"]["shutdownGraceSeconds"] + giving_up
    assert values["terminationGracePeriodSeconds"] > needed
