"""What can befall a control plane befalls this one on demand, and it comes back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from testbed.control_plane import ControlPlane

_CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture(scope="module")
def own() -> Iterator[ControlPlane]:
    """Start a control plane that may be hurt; each test leaves it healthy."""
    with ControlPlane() as started:
        yield started


def create(control_plane: ControlPlane, name: str, **options: Any) -> int:
    """Create a ConfigMap and return the HTTP status."""
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    return control_plane.request("POST", _CONFIG_MAPS, manifest, **options)[0]


def newest_version(control_plane: ControlPlane) -> str:
    """Return a resource version to watch from."""
    _, listed = control_plane.request("GET", _CONFIG_MAPS)
    return str(listed["metadata"]["resourceVersion"])


def watch(control_plane: ControlPlane, version: str) -> Any:
    """Watch for a second and return what came: nothing, or one watch event."""
    query = f"watch=true&timeoutSeconds=1&resourceVersion={version}"
    return control_plane.request("GET", f"{_CONFIG_MAPS}?{query}")[1]


def test_nobody_answers_after_a_kill(own: ControlPlane) -> None:
    """A killed API server refuses connections, as a crashed one does."""
    with own.without_api_server(), pytest.raises(ConnectionRefusedError):
        own.request("GET", "/version")


def test_an_outage_ends_whatever_comes_of_it(own: ControlPlane) -> None:
    """A test that fails meanwhile does not cost those after it their API server."""
    with pytest.raises(KeyError), own.without_api_server():
        raise KeyError

    assert own.request("GET", "/version")[0] == 200


def test_a_kill_loses_nothing(own: ControlPlane) -> None:
    """The restarted API server is at the same place, with the same data, tokens and log."""
    create(own, "survivor")
    kubeconfig = own.kubeconfig_for("default", "default")
    url = own.url

    own.kill_api_server()
    own.start_api_server()

    assert own.url == url
    assert own.request("GET", f"{_CONFIG_MAPS}/survivor")[0] == 200
    assert "system:serviceaccount:default:default" in own.kubectl(
        "--kubeconfig", kubeconfig, "auth", "whoami"
    )
    assert any((e.verb, e.name) == ("create", "survivor") for e in own.audit())


def test_a_write_waits_for_a_paused_etcd(own: ControlPlane) -> None:
    """A paused etcd makes writes hang, not fail; afterwards they work again."""
    own.pause_etcd()
    with pytest.raises(TimeoutError):
        create(own, "too-early", timeout=timedelta(seconds=1))

    own.resume_etcd()

    assert create(own, "in-time") == 201


def test_a_version_is_good_until_it_expires(own: ControlPlane) -> None:
    """A compaction alone does not end a watch: the API server remembers."""
    version = newest_version(own)

    own.compact_etcd()

    assert watch(own, version) == ""


def test_expired_versions_are_gone(own: ControlPlane) -> None:
    """Even the newest version a client can know is answered with 410 afterwards."""
    version = newest_version(own)

    own.expire_resource_versions()

    answer = watch(own, version)
    assert (answer["type"], answer["object"]["code"]) == ("ERROR", 410)


def test_a_paged_list_cannot_go_on_from_an_expired_version(own: ControlPlane) -> None:
    """A client that lists in pages is told to begin anew."""
    create(own, "page-1")
    create(own, "page-2")
    _, page = own.request("GET", f"{_CONFIG_MAPS}?limit=1")

    own.expire_resource_versions()

    rest = f"{_CONFIG_MAPS}?limit=1&continue={page['metadata']['continue']}"
    assert own.request("GET", rest)[0] == 410
