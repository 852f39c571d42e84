"""Certificates from elsewhere: files that are replaced while they are served with."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ecr_secrets.core.occurrences import Occurrence
from ecr_secrets.errors import ConfigurationError
from ecr_secrets.webhook.serving_files import ServingFiles, TlsFiles
from testbed.certificates import Authority
from tests.fakes.eventually import eventually
from tests.integration.webhook_replicas import HOST, Caller, ask_once, serving, utc_now


@dataclass
class Volume:
    """Three files as the kubelet mounts them: links into a folder that is exchanged as a whole."""

    root: Path
    versions: int = 0
    published: list[bool] = field(default_factory=list)
    told: list[Occurrence] = field(default_factory=list)

    @property
    def files(self) -> TlsFiles:
        return TlsFiles(
            certificate=self.root / "tls.crt", key=self.root / "tls.key", ca=self.root / "ca.crt"
        )

    def mount(self, authority: Authority, **other: bytes) -> None:
        """Put a new certificate of an authority in place, and what differs."""
        made = authority.issue_server([HOST], ["webhook"])
        content = {
            "tls.crt": made.certificate_pem,
            "tls.key": made.key_pem,
            "ca.crt": authority.certificate_pem,
            **{name.replace("_", "."): text for name, text in other.items()},
        }
        self.versions += 1
        folder = self.root / f"..{self.versions}"
        folder.mkdir()
        for name, text in content.items():
            (folder / name).write_bytes(text)
            if not (self.root / name).is_symlink():
                (self.root / name).symlink_to(Path("..data") / name)
        (self.root / "..new").symlink_to(folder.name)
        os.replace(self.root / "..new", self.root / "..data")

    def serve(self, seen: Callable[[], bytes | None]) -> ServingFiles:
        return ServingFiles(
            self.files,
            seen=seen,
            publish=lambda: self.published.append(True),
            clock=utc_now,
            tell=self.told.append,
        )


async def test_replaced_files_are_served_with_without_a_restart(tmp_path: Path) -> None:
    """Open connections stay, new ones meet the new certificate, the new bundle is published."""
    old, new = Authority("cert-manager"), Authority("cert-manager-2")
    volume = Volume(tmp_path)
    volume.mount(old)
    files = volume.serve(lambda: old.certificate_pem)
    running = asyncio.create_task(files.run())
    async with serving(files.context) as port:
        early = await Caller.connect(port, old.certificate_pem)
        ready = files.is_trusted()

        volume.mount(new)
        await eventually(lambda: bool(volume.published), within=3)

        assert ready
        assert not files.is_trusted()  # until the bundle in the cluster is the new one
        assert await files.bundle_for(old.certificate_pem) == new.certificate_pem
        assert await early.ask()
        assert await ask_once(port, new.certificate_pem)
        assert not await ask_once(port, old.certificate_pem)
        await early.close()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"tls_key": b""}, id="key-emptied"),
        pytest.param({"tls_crt": b"junk"}, id="certificate-broken"),
        pytest.param({"ca_crt": b"junk"}, id="authority-broken"),
        pytest.param(
            {"tls_key": Authority("other").issue_server([HOST], ["x"]).key_pem}, id="key-of-another"
        ),
    ],
)
async def test_files_that_cannot_be_used_leave_the_old_in_use(
    tmp_path: Path, broken: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """Until they can."""
    authority = Authority("cert-manager")
    volume = Volume(tmp_path)
    volume.mount(authority)
    files = volume.serve(lambda: authority.certificate_pem)
    async with serving(files.context) as port:
        volume.mount(authority, **broken)
        files.reload()
        during = await ask_once(port, authority.certificate_pem)
        volume.mount(authority)
        files.reload()

        assert during
        assert await ask_once(port, authority.certificate_pem)
        assert caplog.messages[:1] == ["replaced certificate not used, the old one stays"]
        assert [each.reason for each in volume.told] == ["WebhookCertificateNotReplaced"]
        assert "PRIVATE" not in caplog.text


@pytest.mark.parametrize("name", ["tls.crt", "tls.key", "ca.crt"])
def test_a_missing_file_is_named_at_the_start(tmp_path: Path, name: str) -> None:
    """With its flag, and nothing of what the others hold."""
    volume = Volume(tmp_path)
    volume.mount(Authority("cert-manager"))
    (tmp_path / name).unlink()

    with pytest.raises(ConfigurationError, match=rf"--tls-.*{name}: No such file") as raised:
        volume.serve(lambda: None)

    assert "PRIVATE" not in str(raised.value)


def test_without_a_configuration_the_files_have_to_fit_one_another(tmp_path: Path) -> None:
    """Nobody asks yet, but whoever does will be told to trust the file."""
    volume = Volume(tmp_path)
    volume.mount(Authority("cert-manager"))
    ready = volume.serve(lambda: None).is_trusted()

    volume.mount(Authority("cert-manager"), ca_crt=Authority("other").certificate_pem)

    assert ready
    assert not volume.serve(lambda: None).is_trusted()
