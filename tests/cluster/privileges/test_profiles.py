"""Each choice of rights: what its token is refused, and that the operator works with the rest.

The first tests ask while no operator is running. All have the same profiles in the same order, so
that each is installed once.
"""

import sys
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from ecr_secrets.core.spec import KIND
from ecr_secrets.core.webhook_configuration import Registration, render_configuration
from testbed.certificates import Authority
from testbed.control_plane import ControlPlane
from testbed.operator import NAMESPACE, Operator
from tests.cluster.admission_policy.ward import Answer, Ward
from tests.cluster.audit import position, requests_of_operator
from tests.cluster.aws_thread import AwsThread
from tests.cluster.privileges.choices import BY_PROFILE
from tests.cluster.privileges.grants import unused
from tests.cluster.privileges.intruder import Intruder, assert_denied
from tests.cluster.privileges.policed import ask_all
from tests.cluster.privileges.profiles import (
    BLOG,
    LOGIN,
    OTHER_LOGIN,
    PREFIX,
    PROFILES,
    SHOP,
)
from tests.cluster.privileges.release import (
    CLUSTER_NAME,
    RECORD,
    REGISTRATION,
    Release,
)
from tests.cluster.stage import PullSecret, Site, Stage

# Of a token that is to be refreshed soon; not below twice the pause between two calls to AWS.
_LIFE = timedelta(seconds=10)


@pytest.fixture
def since(cluster: ControlPlane, release: Release) -> int:
    """The length of the audit log before the operator starts."""
    return position(cluster)


@pytest.fixture
def stage(
    cluster: ControlPlane, aws: AwsThread, release: Release, tmp_path: Path, since: int
) -> Iterator[Stage]:
    """An operator with the container's arguments and the rights of the release."""
    _write_certificate(tmp_path)
    _litter(cluster, release)
    arguments = release.arguments(tmp_path)
    with (
        Operator(
            cluster, aws.environment(), arguments=arguments, webhook=release.has_webhook
        ) as operator,
        Stage(Site(control_plane=cluster, aws=aws, operator=operator)) as made,
    ):
        made.prefix = PREFIX
        yield made
        sys.stderr.write(operator.log_text()[-8000:])  # pytest shows it if the test failed


def _write_certificate(folder: Path) -> None:
    """Write what cert-manager would have mounted."""
    authority = Authority("cert-manager")
    made = authority.issue_server(["127.0.0.1"], ["webhook"])
    (folder / "tls.crt").write_bytes(made.certificate_pem)
    (folder / "tls.key").write_bytes(made.key_pem)
    (folder / "ca.crt").write_bytes(authority.certificate_pem)


def _litter(cluster: ControlPlane, release: Release) -> None:
    """Leave what an operator finds in its place and has to remove."""
    if release.has_webhook:
        record = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": RECORD},
            "immutable": True,
        }
        path = f"/api/v1/namespaces/{NAMESPACE}/secrets"
        status, _ = cluster.request("POST", path, record)
    else:
        left = render_configuration(
            Registration(
                name=CLUSTER_NAME,
                endpoint="https://127.0.0.1:1",
                ca_bundle=b"",
                secret_names=frozenset(),
                namespace=NAMESPACE,
                owner=None,
            )
        )
        status, _ = cluster.request("POST", REGISTRATION.rpartition("/")[0], left)
    assert status == 201


each_profile = pytest.mark.parametrize("release", PROFILES, indirect=True)


@each_profile
def test_a_choice_takes_rights_away(
    release: Release, intruder: Intruder, request: pytest.FixtureRequest
) -> None:
    """With names, with namespaces, or without what the webhook needs."""
    for row in BY_PROFILE.get(request.node.callspec.params["release"], ()):
        (attempt,) = row.values
        assert_denied(intruder.try_to(attempt), attempt)


@each_profile
def test_the_policy_refuses_what_roles_cannot_tell_apart(
    cluster: ControlPlane, release: Release
) -> None:
    """Writing pull secrets is granted; that they are, only the policy sees, where there is one."""
    with Ward(cluster) as ward:
        asked = ask_all(ward)

    done = [what for what, (answer, _) in asked.items() if answer.status < 300]
    refused = [what for what, (answer, words) in asked.items() if _by_policy(answer, words)]
    assert (refused if release.is_confined else done) == list(asked)


def _by_policy(answer: Answer, words: str) -> bool:
    return answer.status == 422 and words in answer.words


@each_profile
def test_the_operator_works_and_nothing_is_granted_in_vain(
    stage: Stage, release: Release, cluster: ControlPlane, since: int
) -> None:
    """From the first secret to the last removal, with what the chart grants and no more."""
    _do_everything(stage, release)
    assert stage.operator.stop() == 0

    done = requests_of_operator(cluster, since=since)

    assert [event for event in done if event.decision != "allow"] == []
    # A creation by apply is authorized once more inside, which the decision does not show.
    assert [event for event in done if event.status in {401, 403}] == []
    assert unused(release.grants, done) == []


def _do_everything(stage: Stage, release: Release) -> None:
    """Make the operator do all that it does, under every name and in every namespace."""
    stage.aws.set_token_lifetime(_LIFE)
    name = stage.serve(SHOP, BLOG)
    first = stage.secret(SHOP)
    if release.has_webhook:
        stage.until("pods are asked about", lambda: _is_there(stage, REGISTRATION))
    _see_repairs(stage, name)
    stage.aws.set_token_lifetime(timedelta(hours=12))
    stage.until("it is refreshed in place", lambda: _is_refreshed(stage, first))
    _rename(stage)
    _narrow(stage)
    stage.api.delete(KIND, name)
    stage.until("the last secret is gone", lambda: stage.find_secret(BLOG, OTHER_LOGIN) is None)
    stage.until("nothing is registered", lambda: not _is_there(stage, REGISTRATION))


def _see_repairs(stage: Stage, name: str) -> None:
    for _ in range(2):  # the second time counts up an Event
        stage.api.delete("Secret", LOGIN, BLOG)
        stage.until("it is back", lambda: stage.pulls(BLOG))
    stage.until(
        "an Event was counted up", lambda: any(event["count"] > 1 for event in stage.events(name))
    )


def _is_refreshed(stage: Stage, first: PullSecret) -> bool:
    found = stage.secret(SHOP)
    return found.uid == first.uid and found.docker_config != first.docker_config


def _rename(stage: Stage) -> None:
    name = stage.set_credential([SHOP, BLOG], secretName=OTHER_LOGIN)
    stage.until("the new name is served", lambda: stage.is_ready(name))
    for namespace in (SHOP, BLOG):
        stage.until("the old one is gone", partial(_is_gone, stage, namespace, LOGIN))


def _narrow(stage: Stage) -> None:
    for kept, left in ((SHOP, BLOG), (BLOG, SHOP)):
        name = stage.set_credential([kept], secretName=OTHER_LOGIN)
        stage.until("one is served", partial(stage.is_ready, name))
        stage.until("the other is gone", partial(_is_gone, stage, left, OTHER_LOGIN))


def _is_gone(stage: Stage, namespace: str, name: str) -> bool:
    return stage.find_secret(namespace, name) is None


def _is_there(stage: Stage, path: str) -> bool:
    return stage.site.control_plane.request("GET", path)[0] == 200
