"""Which cluster and user the kubeconfig means, and what is said when it is wrong."""

import os
import ssl
import tempfile
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecr_secrets.errors import ConfigurationError
from ecr_secrets.kube.access import ClusterAccess, load_access
from testbed.certificates import Authority
from tests.fakes.kubeconfigs import a_kubeconfig

AUTHORITY = Authority("test CA")
CA = AUTHORITY.certificate_pem
CLIENT = AUTHORITY.issue_client("me")


def _b64(data: bytes) -> str:
    return b64encode(data).decode()


async def _load(*paths: Path, context: str | None = None) -> ClusterAccess:
    kubeconfig = os.pathsep.join(str(path) for path in paths)
    return await load_access(kubeconfig=kubeconfig, context=context, environ={})


def _tls(access: ClusterAccess) -> ssl.SSLContext:
    context = access.tls()
    assert context is not None
    return context


async def test_a_token_opens_the_cluster_of_the_current_context(tmp_path: Path) -> None:
    """The simplest file: one cluster, one user, one context."""
    context = {"cluster": "dev", "user": "dev", "namespace": "shop"}
    path = a_kubeconfig(tmp_path / "c", contexts=[{"name": "dev", "context": context}])

    access = await _load(path)

    assert (access.server, access.namespace, access.proxy) == ("https://dev", "shop", None)
    assert await access.credentials.headers() == {"Authorization": "Bearer dev-token"}
    assert _tls(access).verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("context", "server"),
    [
        pytest.param(None, "https://dev", id="current"),
        pytest.param("prod", "https://prod", id="by-name"),
    ],
)
async def test_files_of_a_list_add_up(tmp_path: Path, context: str | None, server: str) -> None:
    """The current context is the first file's; every file's contexts can be named."""
    first = a_kubeconfig(tmp_path / "1", name="dev")
    second = a_kubeconfig(tmp_path / "2", name="prod")

    assert (await _load(first, second, context=context)).server == server


async def test_the_first_entry_of_a_name_wins_as_a_whole(tmp_path: Path) -> None:
    """Nothing of a second entry of that name is mixed in."""
    first = a_kubeconfig(tmp_path / "1", user={"token": "first"})
    second = a_kubeconfig(
        tmp_path / "2", cluster={"tls-server-name": "other"}, user={"token": "second"}
    )

    access = await _load(first, second)

    assert await access.credentials.headers() == {"Authorization": "Bearer first"}
    assert access.tls_server_name is None


async def test_the_current_context_is_that_of_the_first_file_that_sets_it(tmp_path: Path) -> None:
    """A file that only holds clusters leaves the choice to the next."""
    first = a_kubeconfig(tmp_path / "1", name="dev", current_context="")
    second = a_kubeconfig(tmp_path / "2", name="prod")

    assert (await _load(first, second)).server == "https://prod"


async def test_an_entry_may_stand_in_another_file(tmp_path: Path) -> None:
    """A context, its cluster and its user may come from three files."""
    first = a_kubeconfig(tmp_path / "1", clusters=None, users=None)
    second = a_kubeconfig(tmp_path / "2", users=None)
    third = a_kubeconfig(tmp_path / "3", user={"token": "third"})

    access = await _load(first, second, third)

    assert await access.credentials.headers() == {"Authorization": "Bearer third"}


async def test_files_of_a_list_may_be_missing(tmp_path: Path) -> None:
    """KUBECONFIG lists often name files that are made later."""
    present = a_kubeconfig(tmp_path / "here")

    assert (await _load(tmp_path / "absent", present)).server == "https://dev"


async def test_relative_paths_belong_to_the_file_they_stand_in(tmp_path: Path) -> None:
    """A kubeconfig works from whatever folder the operator is started in."""
    path = a_kubeconfig(
        tmp_path / "deep" / "config",
        cluster={"certificate-authority": "ca.crt"},
        user={"client-certificate": "me.crt", "client-key": "../me.key", "tokenFile": "token"},
    )
    (tmp_path / "deep" / "ca.crt").write_bytes(CA)
    (tmp_path / "deep" / "me.crt").write_bytes(CLIENT.certificate_pem)
    (tmp_path / "me.key").write_bytes(CLIENT.key_pem)
    (tmp_path / "deep" / "token").write_text("from-file\n")

    access = await _load(path)

    assert await access.credentials.headers() == {"Authorization": "Bearer from-file"}
    assert len(_tls(access).get_ca_certs()) == 1


async def test_data_in_the_file_beats_a_path(tmp_path: Path) -> None:
    """The `-data` fields win, so a path beside them need not even exist."""
    path = a_kubeconfig(
        tmp_path / "c",
        cluster={"certificate-authority-data": _b64(CA), "certificate-authority": "absent"},
        user={
            "client-certificate-data": _b64(CLIENT.certificate_pem),
            "client-certificate": "absent",
            "client-key-data": _b64(CLIENT.key_pem),
            "client-key": "absent",
        },
    )

    assert len(_tls(await _load(path)).get_ca_certs()) == 1


async def test_a_key_does_not_stay_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that the key must pass through is gone when the cluster is known."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    data = {
        "client-certificate-data": _b64(CLIENT.certificate_pem),
        "client-key-data": _b64(CLIENT.key_pem),
    }

    await _load(a_kubeconfig(tmp_path / "c", user=data))

    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("cluster", "field", "expected"),
    [
        pytest.param({"tls-server-name": "api"}, "tls_server_name", "api", id="server-name"),
        pytest.param({"proxy-url": "http://p:3128"}, "proxy", "http://p:3128", id="proxy"),
        pytest.param({"server": "http://127.0.0.1:8001"}, "ssl", None, id="plain-http"),
    ],
)
async def test_a_clusters_field_reaches_the_access(
    tmp_path: Path, cluster: dict[str, str], field: str, expected: str | None
) -> None:
    """What the file says of the way to the cluster is what the client does."""
    access = await _load(a_kubeconfig(tmp_path / "c", cluster=cluster))

    assert getattr(access, field) == expected


async def test_a_server_may_be_trusted_blindly_when_the_user_says_so(tmp_path: Path) -> None:
    """Only `insecure-skip-tls-verify` turns the check off."""
    path = a_kubeconfig(tmp_path / "c", cluster={"insecure-skip-tls-verify": True})

    context = _tls(await _load(path))

    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        pytest.param({"token": " t \n"}, {"Authorization": "Bearer t"}, id="token-with-blanks"),
        pytest.param(
            {"username": "u", "password": "p"}, {"Authorization": "Basic dTpw"}, id="password"
        ),
        pytest.param({}, {}, id="anonymous"),
        pytest.param(
            {"token": "t", "exec": {"apiVersion": "no", "command": "no"}},
            {"Authorization": "Bearer t"},
            id="token-beats-plugin",
        ),
    ],
)
async def test_the_user_is_shown_in_a_header(
    tmp_path: Path, user: dict[str, Any], expected: dict[str, str]
) -> None:
    """Tokens and passwords go out as HTTP says."""
    content: Mapping[str, Any] = {"users": [{"name": "dev", "user": user}]}

    access = await _load(a_kubeconfig(tmp_path / "c", **content))

    assert await access.credentials.headers() == expected


async def test_values_that_look_like_other_types_stay_texts(tmp_path: Path) -> None:
    """A context named like a date is a name, as it is for kubectl."""
    path = tmp_path / "c"
    path.write_text(
        "current-context: 2026-01-01\n"
        "contexts: [{name: 2026-01-01, context: {cluster: c, namespace: shop}}]\n"
        "clusters: [{name: c, cluster: {server: https://c}}]\n"
        "users:\n"
    )

    assert (await _load(path)).namespace == "shop"


_EXEC = {"apiVersion": "client.authentication.k8s.io/v1", "command": "c"}

WRONG: list[Any] = [
    pytest.param({"cluster": {"server": ""}}, "clusters[dev].server: expected", id="no-server"),
    pytest.param({"cluster": {"server": "dev:1"}}, "clusters[dev].server: expected", id="scheme"),
    pytest.param(
        {"cluster": {"proxy-url": "socks5://u:hunter2@p"}},
        "clusters[dev].proxy-url: expected",
        id="socks",
    ),
    pytest.param(
        {"cluster": {"certificate-authority": "absent"}}, "certificate-authority: ", id="no-ca-file"
    ),
    pytest.param(
        {"cluster": {"certificate-authority-data": "hunter2!"}},
        "clusters[dev].certificate-authority-data: not base64",
        id="not-base64",
    ),
    pytest.param(
        {"cluster": {"certificate-authority-data": _b64(b"hunter2")}},
        "certificate-authority-data: not PEM",
        id="not-pem",
    ),
    pytest.param(
        {
            "cluster": {
                "certificate-authority-data": _b64(CA),
                "insecure-skip-tls-verify": True,
            }
        },
        "clusters[dev]: insecure-skip-tls-verify contradicts",
        id="trust-and-do-not-check",
    ),
    pytest.param(
        {"user": {"client-certificate-data": _b64(CLIENT.certificate_pem)}},
        "users[dev]: client-certificate and client-key belong together",
        id="certificate-without-key",
    ),
    pytest.param(
        {
            "user": {
                "client-certificate-data": _b64(CLIENT.certificate_pem),
                "client-key-data": _b64(AUTHORITY.issue_client("you").key_pem),
            }
        },
        "client-certificate-data and client-key-data: not a PEM certificate with its key",
        id="another-certificates-key",
    ),
    pytest.param({"user": {"token": "hunter2\nX: y"}}, "users[dev].token: ", id="token-with-line"),
    pytest.param(
        {"user": {"token": "hunter2", "username": "u"}}, "exclude each other", id="token-and-name"
    ),
    pytest.param({"user": {"as": "root", "token": "hunter2"}}, "users[dev].as: ", id="as"),
    pytest.param(
        {"user": {"auth-provider": {"name": "gcp"}}}, "use an exec plugin", id="auth-provider"
    ),
    pytest.param(
        {"user": {"exec": {**_EXEC, "apiVersion": "client.authentication.k8s.io/v1alpha1"}}},
        "users[dev].exec.apiVersion: expected",
        id="exec-version",
    ),
    pytest.param(
        {"user": {"exec": {**_EXEC, "command": ""}}}, "users[dev].exec.command: ", id="exec-command"
    ),
    pytest.param(
        {"user": {"exec": {**_EXEC, "interactiveMode": "Maybe"}}},
        "users[dev].exec.interactiveMode: expected Never, IfAvailable, Always",
        id="exec-mode",
    ),
    pytest.param({"user": {"token": 7}}, "Expected `str`, got `int`", id="number-for-a-text"),
    pytest.param({"current_context": ""}, "current-context is not set; contexts: dev", id="none"),
    pytest.param({"current_context": "x"}, "contexts: x is not defined; there is: dev", id="other"),
    pytest.param(
        {"clusters": []}, "contexts[dev].cluster: dev is not defined; there is: none", id="cluster"
    ),
    pytest.param({"users": []}, "contexts[dev].user: dev is not defined", id="user"),
    pytest.param({"clusters": "hunter2"}, "Expected `array | null`, got `str`", id="no-list"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "expected"), WRONG)
async def test_a_mistake_is_named_by_file_and_field(
    tmp_path: Path, fields: dict[str, Any], expected: str
) -> None:
    """The error tells where to look, and never what secret stands there."""
    path = a_kubeconfig(tmp_path / "config", **fields)

    with pytest.raises(ConfigurationError) as caught:
        await _load(path)

    assert expected in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"users:\n- token: hunter2\n  token: [\n", ": line ", id="broken-yaml"),
        pytest.param(b"\x00hunter2", ": not YAML", id="binary"),
        pytest.param(b"!!python/object/apply:os.system [hunter2]", ": line 1: ", id="code"),
        pytest.param(b"#" * ((1 << 20) + 1), "larger than 1048576 bytes", id="too-large"),
        pytest.param(b"", "current-context is not set; contexts: none", id="empty"),
    ],
)
async def test_a_file_that_is_no_kubeconfig_is_refused(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    """Nothing in it is run, quoted, or read without bound."""
    path = tmp_path / "config"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        await _load(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert expected in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """A typing mistake in the path is seen at once."""
    with pytest.raises(ConfigurationError, match=r"absent: no such file"):
        await _load(tmp_path / "absent")


async def test_no_secret_is_in_the_repr(tmp_path: Path) -> None:
    """An access that ends up in a log or a traceback shows where, not who."""
    path = a_kubeconfig(
        tmp_path / "c",
        cluster={"proxy-url": "http://u:hunter2@p"},
        user={"username": "u", "password": "hunter2"},
    )

    assert "hunter2" not in repr(await _load(path))
    assert yaml.safe_load(path.read_text())["users"][0]["user"]["password"] == "hunter2"
