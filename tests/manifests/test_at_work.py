"""However it is installed, kubectl alone makes an operator that works under exactly its rights."""

import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from manifests.install import NAME, NAMESPACE, install
from testbed.certificates import Authority
from testbed.control_plane import ControlPlane
from testbed.helm import provide_helm
from testbed.operator import INSTALL, Operator
from tests.cluster.audit import position, requests_of_operator
from tests.cluster.aws_thread import AwsThread
from tests.cluster.stage import Site, Stage
from tests.helm.helm import Helm, the
from tests.helm.others import make_kinds_of_others
from tests.manifests.installation import Installation
from tests.manifests.kustomize import FOLDERS, built

_AWS_ACCESS = "aws-access"  # of the documentation, and of the overlay with named secrets


@pytest.fixture(scope="module")
def cluster() -> Iterator[ControlPlane]:
    """A cluster that has heard of cert-manager, and never of the operator."""
    with ControlPlane() as started:
        make_kinds_of_others(started)
        yield started


@pytest.fixture(scope="module")
def aws() -> Iterator[AwsThread]:
    """A fake AWS for all."""
    with AwsThread() as started:
        yield started


def _by_helm_template(cluster: ControlPlane, folder: Path) -> Installation:
    """`kubectl create namespace`, and `helm template | kubectl apply`."""
    kubeconfig = folder / "nowhere"
    kubeconfig.touch()
    helm = Helm(major=4, program=provide_helm(4), folder=folder, kubeconfig=kubeconfig)
    rendered = helm.render(name=NAME, ns=NAMESPACE)
    objects = [each for each in rendered if each["kind"] != "Pod"]  # that of `helm test`
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    stream = "\n---\n".join(map(json.dumps, [namespace, *objects]))
    return Installation(
        cluster, objects, lambda: cluster.kubectl("apply", "--filename=-", input=stream)
    )


def _by_file(cluster: ControlPlane) -> Installation:
    apply = partial(cluster.kubectl, "apply", "-f", INSTALL)
    return Installation(cluster, install(), apply)


def _by_kustomization(cluster: ControlPlane, folder: Path) -> Installation:
    return Installation(cluster, built(folder), partial(cluster.kubectl, "apply", "-k", folder))


@pytest.fixture(params=["helm-template", "install.yaml", *FOLDERS])
def installation(
    request: pytest.FixtureRequest, cluster: ControlPlane, tmp_path: Path
) -> Iterator[Installation]:
    """Each way to install it in turn."""
    if request.param == "helm-template":
        chosen = _by_helm_template(cluster, tmp_path)
    elif request.param == "install.yaml":
        chosen = _by_file(cluster)
    else:
        chosen = _by_kustomization(cluster, FOLDERS[request.param])
    with chosen:
        yield chosen


def _write_certificate(folder: Path) -> None:
    """Write what cert-manager would have made and the kubelet mounted."""
    authority = Authority("cert-manager")
    made = authority.issue_server(["127.0.0.1"], ["webhook"])
    (folder / "tls.crt").write_bytes(made.certificate_pem)
    (folder / "tls.key").write_bytes(made.key_pem)
    (folder / "ca.crt").write_bytes(authority.certificate_pem)


def test_it_serves_a_credential(
    cluster: ControlPlane, aws: AwsThread, installation: Installation, tmp_path: Path
) -> None:
    """With the arguments of its container, its ServiceAccount, and nothing denied."""
    _write_certificate(tmp_path)
    pods = the(installation.objects, "Deployment")["spec"]["replicas"]
    since = position(cluster)
    operator = Operator(
        cluster,
        aws.environment(),
        arguments=installation.arguments(tmp_path),
        webhook=installation.has_webhook,
    )

    with operator, Stage(Site(control_plane=cluster, aws=aws, operator=operator)) as stage:
        shop = stage.make_namespace("shop")
        _write_aws_access(stage)
        name = stage.set_credential([shop], awsAccess={"secretName": _AWS_ACCESS})
        stage.until("it is served", lambda: stage.is_ready(name))
        if installation.has_webhook:
            stage.until("pods are asked about", installation.is_registered)
        # Its own pods: the namespace, which enforces `restricted`, refuses none.
        stage.until("pods are made", lambda: len(stage.api.list("Pod", NAMESPACE)) == pods)
        sys.stderr.write(operator.log_text()[-4000:])  # pytest shows it if the test fails

        assert stage.pulls(shop)
        assert installation.is_registered() == installation.has_webhook
    denied = [each for each in requests_of_operator(cluster, since=since) if each.status == 403]
    assert denied == []


def _write_aws_access(stage: Stage) -> None:
    name = stage.set_aws_access()
    found = stage.api.find("Secret", name, "default")
    assert found is not None
    copy = {"apiVersion": "v1", "kind": "Secret", "data": found["data"]}
    stage.api.apply({**copy, "metadata": {"name": _AWS_ACCESS, "namespace": "default"}})
