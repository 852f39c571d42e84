"""Any replica may note the name of pull secrets, and the leader's status stays as it is."""

import msgspec

from ecr_secrets.controller.status_writer import CREDENTIALS, StatusWriter
from ecr_secrets.core.credential import CredentialObject
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.kube.access import load_access
from ecr_secrets.kube.client import Client
from testbed.control_plane import ControlPlane
from tests.cluster.stage import Stage


async def _note(control_plane: ControlPlane, credential: str, secret_name: str) -> None:
    """Do as a replica does that serves a pod before it has seen any status of the object."""
    access = await load_access(kubeconfig=str(control_plane.kubeconfig), context=None, environ={})
    async with Client(access) as client:
        found = await client.get(CREDENTIALS, ObjectKey("", credential), into=CredentialObject)
        unseen = msgspec.structs.replace(found, status=msgspec.Raw(b"{}"))
        await StatusWriter(client).write_names(unseen, [secret_name])


async def test_a_name_is_noted_beside_the_leaders_status(stage: Stage) -> None:
    """Conditions that somebody waits for neither vanish nor come back later."""
    credential = stage.serve(stage.make_namespace("shop"))
    stage.until("all is well", lambda: stage.is_ready(credential))
    before = stage.status(credential)

    await _note(stage.site.control_plane, credential, before["secretNames"][0])

    assert before["conditions"]
    assert stage.status(credential) == before
