"""What a candidate must be allowed to do, and what happens while it is not."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import ForbiddenError, NotFoundError
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.lease import LeaseSpec
from ecr_secrets.kube.lease_object import LeaseObject
from ecr_secrets.kube.resource import LEASES, NAMESPACES
from testbed.control_plane import ControlPlane
from tests.cluster.elections import (
    SOME_ATTEMPTS,
    Office,
    a_candidate,
    a_client,
    an_office,
    leading,
)
from tests.fakes.eventually import eventually
from tests.fakes.scripted_watch import running_in_background

RIGHTS = {
    "apiGroups": ["coordination.k8s.io"],
    "resources": ["leases"],
    "resourceNames": ["leader"],
    "verbs": ["get", "create", "patch"],
}
RBAC = "rbac.authorization.k8s.io"


@pytest.fixture
async def office(control_plane: ControlPlane) -> AsyncIterator[Office]:
    """A Lease that is not there yet, in a namespace with an account that may do nothing."""
    async with an_office(control_plane) as made:
        await eventually(lambda: _has_account(made))
        yield made


@pytest.fixture
async def client(office: Office, control_plane: ControlPlane) -> AsyncIterator[Client]:
    """Enter as that account."""
    async with a_client(control_plane.kubeconfig_for(office.key.namespace, "default")) as opened:
        yield opened


async def test_three_verbs_on_this_one_lease_are_enough(office: Office, client: Client) -> None:
    """Creation, renewal, release and takeover need no right on any other Lease."""
    await _grant(office)
    first, second = (a_candidate(office, name, client=client) for name in "ab")
    other = LeaseObject(client, office.key._replace(name="other"))

    async with leading(first):
        await office.until_renewed()
    await first.release()
    async with leading(second):
        found = await office.spec()
    with pytest.raises(ForbiddenError):
        await other.write(None, LeaseSpec(holder_identity="a"))

    assert (found["holderIdentity"], found["leaseTransitions"]) == ("b", 1)


async def test_a_missing_right_is_said_once_and_its_grant_heals(
    office: Office, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names verb and resource, and nothing has to be restarted."""
    candidate = a_candidate(office, "a", client=client)

    with caplog.at_level(logging.WARNING):
        async with running_in_background(candidate.run()):
            await eventually(lambda: len(caplog.records) > 0)
            await asyncio.sleep(SOME_ATTEMPTS)
            await _grant(office)
            await eventually(lambda: candidate.leading)

    assert [record.__dict__["reason"] for record in caplog.records] == ["Forbidden"]
    assert "get leases" in caplog.records[0].__dict__["error"]


async def _grant(office: Office) -> None:
    namespace = office.key.namespace
    metadata = {"name": "election", "namespace": namespace}
    role = {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": [RIGHTS]}
    binding = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "election"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": namespace}],
    }
    for manifest, plural in ((role, "roles"), (binding, "rolebindings")):
        kind = replace(LEASES, group=RBAC, plural=plural)
        await office.client.create(kind, manifest, namespace=namespace, into=msgspec.Raw)


async def _has_account(office: Office) -> bool:
    accounts = replace(NAMESPACES, plural="serviceaccounts", namespaced=True)
    account = ObjectKey(office.key.namespace, "default")
    try:
        await office.client.get(accounts, account, into=msgspec.Raw)
    except NotFoundError:
        return False
    return True
