"""What the client puts on the wire, and what it makes of a good answer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from ecr_secrets.core.objects import ObjectKey, ObjectMeta
from ecr_secrets.errors import OperatorError, RejectedError, UnavailableError
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.resource import NAMESPACES, SECRETS, Resource
from tests.fakes.cluster_access import plain_access
from tests.fakes.scripted_server import Exchange, ScriptedRequest, scripted_server

KEY = ObjectKey("shop", "ecr-login")
CREDENTIALS = Resource(
    group="aws.zakariaamine.com",
    version="v1alpha1",
    plural="awsecrcredentials",
    namespaced=False,
)


class Thing(msgspec.Struct):
    metadata: ObjectMeta


ANSWER = {"metadata": {"name": "ecr-login", "namespace": "shop", "uid": "u1"}}
THING = Thing(ObjectMeta(name="ecr-login", namespace="shop", uid="u1"))


@asynccontextmanager
async def answering(
    body: bytes | Mapping[str, Any], status: int = 200
) -> AsyncIterator[tuple[Client, list[ScriptedRequest]]]:
    """Give a client of a server that always answers the same, and the list of its requests."""

    async def script(exchange: Exchange) -> None:
        await exchange.answer(status, body)

    async with (
        scripted_server(script) as server,
        Client(plain_access(server.url), timeout=timedelta(seconds=5)) as client,
    ):
        yield client, server.requests


CALLS: list[Any] = [
    pytest.param(
        lambda client: client.get(SECRETS, KEY, into=Thing),
        ("GET", "/api/v1/namespaces/shop/secrets/ecr-login", {}, b""),
        id="get",
    ),
    pytest.param(
        lambda client: client.get(CREDENTIALS, ObjectKey("", "ecr-login"), into=Thing),
        ("GET", "/apis/aws.zakariaamine.com/v1alpha1/awsecrcredentials/ecr-login", {}, b""),
        id="get-cluster-scoped",
    ),
    pytest.param(
        lambda client: client.create(SECRETS, {"a": 1}, namespace="shop", into=Thing),
        ("POST", "/api/v1/namespaces/shop/secrets", {}, b'{"a":1}'),
        id="create",
    ),
    pytest.param(
        lambda client: client.apply(
            SECRETS, KEY, {"a": 1}, field_manager="me", force=False, into=Thing
        ),
        (
            "PATCH",
            "/api/v1/namespaces/shop/secrets/ecr-login",
            {"fieldManager": "me", "force": "false", "fieldValidation": "Strict"},
            b'{"a":1}',
        ),
        id="apply",
    ),
    pytest.param(
        lambda client: client.apply(
            SECRETS, KEY, b'{"a": 1}', field_manager="me", force=True, subresource="status",
            into=Thing,
        ),
        (
            "PATCH",
            "/api/v1/namespaces/shop/secrets/ecr-login/status",
            {"fieldManager": "me", "force": "true", "fieldValidation": "Strict"},
            b'{"a": 1}',
        ),
        id="apply-bytes-with-force-to-a-subresource",
    ),
    pytest.param(
        lambda client: client.merge_patch(
            SECRETS, KEY, {"a": None}, subresource="status", into=Thing
        ),
        ("PATCH", "/api/v1/namespaces/shop/secrets/ecr-login/status", {}, b'{"a":null}'),
        id="merge-patch",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "expected"), CALLS)
async def test_each_verb_asks_in_the_apis_words(
    ask: Callable[[Client], Awaitable[Thing]], expected: tuple[str, str, dict[str, str], bytes]
) -> None:
    """Method, path, query and body are those of the API, and the answer comes out typed."""
    async with answering(ANSWER) as (client, requests):
        answer = await ask(client)

    asked = [(request.method, request.path, request.query, request.body) for request in requests]
    assert asked == [expected]
    assert answer == THING


async def test_patches_say_of_which_kind_they_are() -> None:
    """The content type decides whether a field left out stays or goes."""
    async with answering(ANSWER) as (client, requests):
        await client.apply(SECRETS, KEY, {}, field_manager="me", force=False, into=Thing)
        await client.merge_patch(SECRETS, KEY, {}, into=Thing)

    assert [request.headers["content-type"] for request in requests] == [
        "application/apply-patch+yaml",
        "application/merge-patch+json",
    ]


@pytest.mark.parametrize(
    ("version", "preconditions"),
    [
        pytest.param(None, {"uid": "u1"}, id="in-any-state"),
        pytest.param("7", {"uid": "u1", "resourceVersion": "7"}, id="in-this-state"),
    ],
)
async def test_only_the_very_object_is_deleted(
    version: str | None, preconditions: dict[str, str]
) -> None:
    """Another object that has taken its name in between is not ours to delete."""
    async with answering({}) as (client, requests):
        await client.delete(SECRETS, KEY, uid="u1", resource_version=version)

    assert (requests[0].method, requests[0].path) == (
        "DELETE",
        "/api/v1/namespaces/shop/secrets/ecr-login",
    )
    assert requests[0].json() == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": preconditions,
        "propagationPolicy": "Background",
    }


async def test_a_page_carries_its_items_undecoded() -> None:
    """An item that cannot be decoded hurts only itself, and a kept one keeps no page in memory."""
    body = b'{"metadata":{"resourceVersion":"9","continue":"more"},"items":[{"a":1},"x"]}'
    async with answering(body) as (client, requests):
        page = await client.list_page(
            SECRETS, namespace="shop", query={"limit": "2", "fieldSelector": "metadata.name=a"}
        )

    assert requests[0].path == "/api/v1/namespaces/shop/secrets"
    assert requests[0].query == {"limit": "2", "fieldSelector": "metadata.name=a"}
    assert [bytes(item) for item in page.items] == [b'{"a":1}', b'"x"']
    assert all(item.copy() is item for item in page.items)  # a view of the page would be copied
    assert (page.resource_version, page.continue_token) == ("9", "more")


async def test_an_empty_list_may_be_null() -> None:
    """Go writes null for a list of none."""
    async with answering(b'{"metadata":{"resourceVersion":"9"},"items":null}') as (client, _):
        page = await client.list_page(NAMESPACES)

    assert (page.items, page.continue_token) == ((), "")


async def test_metadata_alone_is_asked_for_by_kind() -> None:
    """With this header the API server leaves data out, which is most of a Secret."""
    async with answering(b'{"metadata":{},"items":[]}') as (client, requests):
        await client.list_page(SECRETS, metadata_only=True)
        async with client.watch(
            SECRETS, query={}, metadata_only=True, idle_timeout=timedelta(seconds=5)
        ):
            pass

    assert [request.headers["accept"] for request in requests] == [
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b'{"metadata": {"name": ', UnavailableError, id="json-cut-short"),
        pytest.param(b"", UnavailableError, id="nothing"),
        pytest.param(b"<html>welcome</html>", UnavailableError, id="a-proxys-page"),
        pytest.param(b'{"metadata": {"name": "\xff"}}', UnavailableError, id="not-utf-8"),
        pytest.param(b'{"metadata": {"name": 7}}', RejectedError, id="another-type"),
        pytest.param(b'{"kind": "Other"}', RejectedError, id="another-object"),
    ],
)
async def test_an_answer_that_cannot_be_used_is_an_error_of_ours(
    body: bytes, expected: type[OperatorError]
) -> None:
    """Cut short: worth another try. Whole, but something else: it will be so again."""
    async with answering(body) as (client, _):
        with pytest.raises(OperatorError) as caught:
            await client.get(SECRETS, KEY, into=Thing)

    assert type(caught.value) is expected
    assert str(caught.value).startswith("get secrets shop/ecr-login: ")


@pytest.mark.parametrize("name", ["..", ".", "a/b", "a%2fb", "a?b", "a#b", ""])
async def test_a_name_cannot_lead_to_another_path(name: str) -> None:
    """Whatever reaches the client as a name, the request is about an object of that kind."""
    async with answering(ANSWER) as (client, requests):
        with pytest.raises(RejectedError):
            await client.get(SECRETS, ObjectKey("shop", name), into=Thing)
        with pytest.raises(RejectedError):
            await client.delete(SECRETS, ObjectKey(f"{name}/x", "a"), uid="u1")

    assert requests == []


async def test_requests_share_a_connection() -> None:
    """Ten thousand writes do not cost ten thousand TLS handshakes."""

    async def script(exchange: Exchange) -> None:
        await exchange.answer(200, ANSWER)

    async with scripted_server(script) as server, Client(plain_access(server.url)) as client:
        for _ in range(3):
            await client.get(SECRETS, KEY, into=Thing)

        assert server.connections == 1
