"""The client against a real API server: what no fake may claim to know."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ecr_secrets.core.objects import ObjectKey, ObjectMeta
from ecr_secrets.errors import (
    ConflictError,
    ForbiddenError,
    NamespaceTerminatingError,
    NotFoundError,
    OperatorError,
    RejectedError,
    UnauthorizedError,
    UnavailableError,
)
from ecr_secrets.kube.access import ClusterAccess, in_cluster_access, load_access
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.resource import NAMESPACES, SECRETS
from testbed.certificates import Authority
from testbed.control_plane import ControlPlane
from tests.fakes.eventually import eventually

NUMBERS = itertools.count()
PASSWORD = "aHVudGVyMg=="  # base64


class Secret(msgspec.Struct):
    metadata: ObjectMeta
    data: dict[str, str] = {}


async def _access(kubeconfig: Path) -> ClusterAccess:
    return await load_access(kubeconfig=str(kubeconfig), context=None, environ={})


@pytest.fixture
async def client(control_plane: ControlPlane) -> AsyncIterator[Client]:
    """Enter as the administrator, with a client certificate."""
    async with Client(await _access(control_plane.kubeconfig)) as opened:
        yield opened


@pytest.fixture
async def namespace(client: Client) -> str:
    """Make a namespace of the test's own."""
    name = f"client-{next(NUMBERS)}"
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await client.create(NAMESPACES, manifest, namespace="", into=msgspec.Raw)
    return name


def _manifest(key: ObjectKey, value: str = PASSWORD, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": key.namespace, "name": key.name, **metadata},
        "data": {"password": value},
    }


async def _apply(
    client: Client, manifest: Mapping[str, Any], *, manager: str = "me", force: bool = False
) -> Secret:
    key = ObjectKey(manifest["metadata"]["namespace"], manifest["metadata"]["name"])
    return await client.apply(
        SECRETS, key, manifest, field_manager=manager, force=force, into=Secret
    )


async def test_an_object_is_created_read_changed_and_deleted(
    client: Client, namespace: str
) -> None:
    """With the administrator's client certificate, every verb does what it says."""
    key = ObjectKey(namespace, "ecr-login")

    created = await _apply(client, _manifest(key))
    changed = await _apply(client, _manifest(key, "b3RoZXI="))
    labels = {"metadata": {"labels": {"a": "b"}}}
    merged = await client.merge_patch(SECRETS, key, labels, into=Secret)
    read = await client.get(SECRETS, key, into=Secret)
    await client.delete(SECRETS, key, uid=created.metadata.uid)

    assert created.metadata.uid == changed.metadata.uid
    assert read == merged
    assert (read.data, read.metadata.labels) == ({"password": "b3RoZXI="}, {"a": "b"})
    with pytest.raises(NotFoundError):
        await client.get(SECRETS, key, into=Secret)


async def test_a_service_accounts_token_opens_as_much_as_it_may(
    control_plane: ControlPlane, namespace: str
) -> None:
    """The token of a kubeconfig is accepted, and what RBAC does not grant is `Forbidden`."""
    await eventually(lambda: _exists(control_plane, f"{namespace}/serviceaccounts/default"))
    kubeconfig = control_plane.kubeconfig_for(namespace, "default")

    async with Client(await _access(kubeconfig)) as client:
        with pytest.raises(ForbiddenError, match=f"system:serviceaccount:{namespace}:default"):
            await client.get(SECRETS, ObjectKey(namespace, "ecr-login"), into=Secret)


async def test_a_pod_enters_with_what_is_mounted_and_survives_a_bad_token(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    """A token that the API server refuses is replaced as soon as the file holds another."""
    await eventually(lambda: _exists(control_plane, f"{namespace}/serviceaccounts/default"))
    (tmp_path / "ca.crt").write_bytes(control_plane.ca_pem)
    (tmp_path / "token").write_text("not-a-token")
    host, _, port = control_plane.url.removeprefix("https://").partition(":")
    environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    access = in_cluster_access(environ, tmp_path)
    assert access is not None

    async with Client(access) as client:
        with pytest.raises(UnauthorizedError):
            await client.get(NAMESPACES, ObjectKey("", namespace), into=Secret)
        (tmp_path / "token").write_text(control_plane.token_for(namespace, "default"))
        with pytest.raises(ForbiddenError):  # known now, though without rights
            await client.get(NAMESPACES, ObjectKey("", namespace), into=Secret)


def _exists(control_plane: ControlPlane, path: str) -> bool:
    status, _ = control_plane.request("GET", f"/api/v1/namespaces/{path}")
    return status == 200


async def test_a_server_under_another_authority_is_not_trusted(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    """No token is sent to whoever merely answers at the address."""
    (tmp_path / "ca.crt").write_bytes(Authority("another CA").certificate_pem)
    (tmp_path / "token").write_text("hunter2")
    host, _, port = control_plane.url.removeprefix("https://").partition(":")
    environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    access = in_cluster_access(environ, tmp_path)
    assert access is not None

    async with Client(access) as client:
        with pytest.raises(UnavailableError, match="certificate is not accepted"):
            await client.get(NAMESPACES, ObjectKey("", "default"), into=Secret)
        (tmp_path / "ca.crt").write_bytes(control_plane.ca_pem)  # rotated: seen at once
        with pytest.raises(UnauthorizedError):
            await client.get(NAMESPACES, ObjectKey("", "default"), into=Secret)


async def test_five_objects_come_in_pages_of_two(client: Client, namespace: str) -> None:
    """Following the continue token, every object is seen once."""
    names = [f"s{number}" for number in range(5)]
    for name in names:
        await _apply(client, _manifest(ObjectKey(namespace, name)))

    pages = [await client.list_page(SECRETS, namespace=namespace, query={"limit": "2"})]
    while pages[-1].continue_token:
        query = {"limit": "2", "continue": pages[-1].continue_token}
        pages.append(await client.list_page(SECRETS, namespace=namespace, query=query))

    assert [len(page.items) for page in pages] == [2, 2, 1]
    seen = [msgspec.json.decode(item, type=Secret) for page in pages for item in page.items]
    assert [secret.metadata.name for secret in seen] == names
    assert {page.resource_version for page in pages} == {pages[0].resource_version}


async def test_metadata_alone_holds_no_data(client: Client, namespace: str) -> None:
    """Neither a list nor a watch of metadata carries a Secret's content."""
    await _apply(client, _manifest(ObjectKey(namespace, "ecr-login")))

    page = await client.list_page(SECRETS, namespace=namespace, metadata_only=True)
    async with (
        client.watch(
            SECRETS,
            namespace=namespace,
            query={"resourceVersion": "0"},
            metadata_only=True,
            idle_timeout=timedelta(seconds=10),
        ) as lines,
        asyncio.timeout(10),
    ):
        event = json.loads(await anext(lines))

    listed = json.loads(bytes(page.items[0]))
    assert (event["type"], event["object"]["kind"]) == ("ADDED", "PartialObjectMetadata")
    for found in (listed, event["object"]):
        assert found["metadata"]["name"] == "ecr-login"
        assert "data" not in found


async def test_a_watch_tells_of_changes_and_ends_when_it_is_time(
    client: Client, namespace: str
) -> None:
    """Lines are watch events, and the server's own time-out is a good end."""
    key = ObjectKey(namespace, "ecr-login")
    start = (await client.list_page(SECRETS, namespace=namespace)).resource_version
    query = {"resourceVersion": start, "timeoutSeconds": "2"}

    async with client.watch(
        SECRETS, namespace=namespace, query=query, idle_timeout=timedelta(seconds=10)
    ) as lines:
        created = await _apply(client, _manifest(key))
        await client.delete(SECRETS, key, uid=created.metadata.uid)
        events = [json.loads(line) async for line in lines]

    assert [event["type"] for event in events] == ["ADDED", "DELETED"]


@pytest.mark.parametrize("version", [None, "1"])
async def test_another_object_of_that_name_is_not_deleted(
    client: Client, namespace: str, version: str | None
) -> None:
    """A wrong uid, or a version that is past, refuses the deletion."""
    key = ObjectKey(namespace, "ecr-login")
    created = await _apply(client, _manifest(key))
    uid = created.metadata.uid if version else "00000000-0000-0000-0000-000000000000"

    with pytest.raises(ConflictError):
        await client.delete(SECRETS, key, uid=uid, resource_version=version)

    assert await client.get(SECRETS, key, into=Secret) == created


async def test_without_force_a_foreign_field_is_a_conflict_that_names_it(
    client: Client, namespace: str
) -> None:
    """The API server itself refuses to overwrite a stranger; the value is not shown."""
    key = ObjectKey(namespace, "ecr-login")
    await _apply(client, _manifest(key), manager="stranger")

    with pytest.raises(ConflictError) as caught:
        await _apply(client, _manifest(key, "b3RoZXI="))

    text = str(caught.value)
    assert text.startswith(f"apply secrets {key}: Conflict: .data.password conflict with")
    assert PASSWORD not in text
    assert "b3RoZXI=" not in text
    assert (await client.get(SECRETS, key, into=Secret)).data == {"password": PASSWORD}


async def test_with_force_it_is_taken_over(client: Client, namespace: str) -> None:
    """The same object, under the same uid, with our value."""
    key = ObjectKey(namespace, "ecr-login")
    before = await _apply(client, _manifest(key), manager="stranger")

    after = await _apply(client, _manifest(key, "b3RoZXI="), force=True)

    assert after.metadata.uid == before.metadata.uid
    assert after.data == {"password": "b3RoZXI="}


async def test_a_uid_keeps_a_deleted_object_from_being_made_again(
    client: Client, namespace: str
) -> None:
    """An update that comes too late is refused, not turned into a creation."""
    key = ObjectKey(namespace, "ecr-login")
    manifest = _manifest(key, uid="00000000-0000-0000-0000-000000000000")

    with pytest.raises(ConflictError) as caught:
        await _apply(client, manifest)

    assert PASSWORD not in str(caught.value)
    with pytest.raises(NotFoundError):
        await client.get(SECRETS, key, into=Secret)


async def test_a_uid_keeps_a_successor_from_being_changed(client: Client, namespace: str) -> None:
    """Another object that has taken the name in between is left alone, also with force."""
    key = ObjectKey(namespace, "ecr-login")
    before = await _apply(client, _manifest(key))
    manifest = _manifest(key, "b3RoZXI=", uid="00000000-0000-0000-0000-000000000000")

    with pytest.raises(RejectedError):
        await _apply(client, manifest, force=True)

    assert await client.get(SECRETS, key, into=Secret) == before


async def test_a_field_the_api_does_not_know_is_refused(client: Client, namespace: str) -> None:
    """A mistake of ours is an error, not silently dropped; the API server answers it with 500."""
    manifest = {**_manifest(ObjectKey(namespace, "ecr-login")), "dta": {"password": PASSWORD}}

    with pytest.raises(UnavailableError, match=r"500 Internal Server Error$"):
        await _apply(client, manifest)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"data": {"password": "aHVudGVyMg==', id="cut-short"),
        pytest.param(b'{"apiVersion": "v1", "data": {"password": "aHVudGVyMg!"}}', id="no-base64"),
        pytest.param(b'{"apiVersion": "v1", "kind": "Secret", "data": "aHVudGVyMg=="}', id="shape"),
    ],
)
async def test_a_refused_secret_is_not_quoted(client: Client, namespace: str, body: bytes) -> None:
    """Whatever the API server says of a broken Secret, its content does not reach us."""
    with pytest.raises(OperatorError) as caught:
        await client.apply(
            SECRETS,
            ObjectKey(namespace, "ecr-login"),
            body,
            field_manager="me",
            force=False,
            into=Secret,
        )

    assert "aHVudGVyMg" not in str(caught.value)


async def test_what_exists_is_not_created_again(client: Client, namespace: str) -> None:
    """A POST of a taken name is a conflict."""
    manifest = _manifest(ObjectKey(namespace, "ecr-login"))
    await client.create(SECRETS, manifest, namespace=namespace, into=Secret)

    with pytest.raises(ConflictError):
        await client.create(SECRETS, manifest, namespace=namespace, into=Secret)


async def test_a_namespace_that_does_not_exist_is_not_found(client: Client) -> None:
    """The secret has to wait for its namespace."""
    with pytest.raises(NotFoundError):
        await _apply(client, _manifest(ObjectKey("client-absent", "ecr-login")))


async def test_a_namespace_that_goes_away_takes_nothing_new(client: Client, namespace: str) -> None:
    """That is told apart from a missing right, and held open here by a finalizer."""
    held = ObjectKey(namespace, "held")
    secret = await _apply(client, _manifest(held, finalizers=["example.com/hold"]))
    found = await client.get(NAMESPACES, ObjectKey("", namespace), into=Secret)
    await client.delete(NAMESPACES, ObjectKey("", namespace), uid=found.metadata.uid)

    with pytest.raises(NamespaceTerminatingError):
        await _apply(client, _manifest(ObjectKey(namespace, "ecr-login")))

    release = {"metadata": {"uid": secret.metadata.uid, "finalizers": None}}
    await client.merge_patch(SECRETS, held, release, into=Secret)
