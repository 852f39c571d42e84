"""Where the cluster is looked for, and what changes while we run."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from ecr_secrets.errors import ConfigurationError, UnauthorizedError
from ecr_secrets.kube.access import ClusterAccess, in_cluster_access, load_access
from testbed.certificates import Authority
from tests.fakes.kubeconfigs import a_kubeconfig

IN_POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}


def _a_mount(folder: Path) -> Path:
    folder.mkdir()
    (folder / "token").write_text("t1\n")
    (folder / "ca.crt").write_bytes(Authority("cluster CA").certificate_pem)
    (folder / "namespace").write_text("operators")
    return folder


def _in_pod(mount: Path, environ: Mapping[str, str] = IN_POD) -> ClusterAccess:
    access = in_cluster_access(environ, mount)
    assert access is not None
    return access


def _replace(path: Path, content: bytes) -> None:
    """Put another file in its place, as the kubelet does."""
    path.with_suffix(".new").write_bytes(content)
    path.with_suffix(".new").replace(path)


async def test_an_explicit_path_beats_the_environment(tmp_path: Path) -> None:
    """A flag is the strongest wish."""
    flag = a_kubeconfig(tmp_path / "flag", name="flag")
    environ = {"KUBECONFIG": str(a_kubeconfig(tmp_path / "env", name="env")), **IN_POD}

    access = await load_access(kubeconfig=str(flag), context=None, environ=environ)

    assert access.server == "https://flag"


async def test_kubeconfig_in_the_environment_beats_the_home_folder(tmp_path: Path) -> None:
    """As kubectl does, also with several files."""
    a_kubeconfig(tmp_path / ".kube" / "config", name="home")
    paths = [tmp_path / "absent", a_kubeconfig(tmp_path / "env", name="env")]
    environ = {"KUBECONFIG": os.pathsep.join(map(str, paths)), "HOME": str(tmp_path)}

    access = await load_access(kubeconfig=None, context=None, environ=environ)

    assert access.server == "https://env"


async def test_outside_a_pod_the_home_folder_is_the_last_place(tmp_path: Path) -> None:
    """A developer's machine needs no flag."""
    a_kubeconfig(tmp_path / ".kube" / "config", name="home")

    access = await load_access(kubeconfig=None, context=None, environ={"HOME": str(tmp_path)})

    assert access.server == "https://home"


async def test_no_cluster_at_all_is_explained(tmp_path: Path) -> None:
    """The error lists where it was looked for."""
    with pytest.raises(ConfigurationError, match=r"neither a kubeconfig .* no .*/\.kube/config"):
        await load_access(kubeconfig=None, context=None, environ={"HOME": str(tmp_path)})


@pytest.mark.parametrize(
    ("host", "server"),
    [
        pytest.param("10.0.0.1", "https://10.0.0.1:443", id="ipv4"),
        pytest.param("fd00::1", "https://[fd00::1]:443", id="ipv6"),
    ],
)
def test_a_pod_finds_its_cluster(tmp_path: Path, host: str, server: str) -> None:
    """Address from the environment, namespace from the mount."""
    mount = _a_mount(tmp_path / "mount")

    access = _in_pod(mount, {**IN_POD, "KUBERNETES_SERVICE_HOST": host})

    assert (access.server, access.namespace) == (server, "operators")


@pytest.mark.parametrize("missing", ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "token"])
def test_without_one_of_its_signs_it_is_no_pod(tmp_path: Path, missing: str) -> None:
    """A pod that was given no token is treated like any other machine."""
    mount = _a_mount(tmp_path / "mount")
    (mount / missing).unlink(missing_ok=True)
    environ = {name: value for name, value in IN_POD.items() if name != missing}

    assert in_cluster_access(environ, mount) is None


async def test_a_rotated_token_is_used_from_the_next_request_on(tmp_path: Path) -> None:
    """The kubelet replaces it hours before it expires; nothing has to fail first."""
    mount = _a_mount(tmp_path / "mount")
    access = _in_pod(mount)
    before = await access.credentials.headers()

    _replace(mount / "token", b"t2\n")
    after = await access.credentials.headers()

    assert before == {"Authorization": "Bearer t1"}
    assert after == {"Authorization": "Bearer t2"}


async def test_a_refused_token_is_read_again_even_if_the_file_looks_the_same(
    tmp_path: Path,
) -> None:
    """A file system with coarse time stamps cannot keep us on a dead token."""
    mount = _a_mount(tmp_path / "mount")
    access = _in_pod(mount)
    await access.credentials.headers()
    stamps = (mount / "token").stat()
    (mount / "token").write_text("t2\n")
    os.utime(mount / "token", ns=(stamps.st_atime_ns, stamps.st_mtime_ns))

    access.credentials.invalidate()

    assert await access.credentials.headers() == {"Authorization": "Bearer t2"}


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"two words"])
async def test_a_token_file_without_token_is_an_error_with_its_name(
    tmp_path: Path, content: bytes | None
) -> None:
    """It heals by itself: the next request looks again."""
    mount = _a_mount(tmp_path / "mount")
    access = _in_pod(mount)
    (mount / "token").unlink()
    if content is not None:
        (mount / "token").write_bytes(content)

    with pytest.raises(UnauthorizedError, match=str(mount / "token")):
        await access.credentials.headers()
    _replace(mount / "token", b"t3")
    assert await access.credentials.headers() == {"Authorization": "Bearer t3"}


def test_a_rotated_ca_is_trusted_by_new_connections(tmp_path: Path) -> None:
    """The cluster's CA may change under a running operator."""
    mount = _a_mount(tmp_path / "mount")
    access = _in_pod(mount)
    before = access.tls()
    unchanged = access.tls()

    _replace(mount / "ca.crt", Authority("new CA").certificate_pem)
    after = access.tls()

    assert unchanged is before
    assert after is not None
    assert after is not before
    assert str(after.get_ca_certs()[0]["subject"]).count("new CA") == 1


def test_a_ca_file_that_cannot_be_loaded_leaves_the_last_good_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a file on disk must not cut us off; it is said once, not with every request."""
    mount = _a_mount(tmp_path / "mount")
    access = _in_pod(mount)
    before = access.tls()

    _replace(mount / "ca.crt", b"-----BEGIN CERTIFICATE-----\n")
    with caplog.at_level(logging.WARNING):
        after = [access.tls() for _ in range(3)]

    assert after == [before] * 3
    assert len(caplog.records) == 1
