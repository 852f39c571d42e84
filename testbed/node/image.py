"""Container images made by hand: one static program, and a name that tells each from all others.

The formats are those of the OCI image and distribution specifications, version 1.
"""

import gzip
import hashlib
import io
import json
import platform
import tarfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
_PROGRAM = "workload"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}  # the kernel's word for it, and Go's


@dataclass(frozen=True)
class Blob:
    """Bytes, and the digest that they are asked for by."""

    media_type: str
    content: bytes

    @cached_property
    def digest(self) -> str:
        """Such as `sha256:…`."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    def descriptor(self) -> dict[str, Any]:
        """Describe it, as manifests and indexes do."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content)}


@dataclass(frozen=True)
class Image:
    """An image, whole."""

    manifest: Blob
    config: Blob
    layer: Blob

    def blob(self, digest: str) -> Blob | None:
        """Find a part of it; None: it has no such part."""
        parts = (self.manifest, self.config, self.layer)
        return next((part for part in parts if part.digest == digest), None)


class Images:
    """Every image one could ask for: whatever the repository and the tag, it runs the program."""

    def __init__(self, program: Path) -> None:
        """Take the program in.

        Args:
            program: static, for Linux on this machine.
        """
        tar = _tar({_PROGRAM: program.read_bytes()}, mode=0o755)
        self._layer = Blob(_LAYER_TYPE, gzip.compress(tar, mtime=0))
        self._diff_id = Blob("", tar).digest
        self._made: dict[str, Image] = {}

    def image(self, name: str) -> Image:
        """Return the image of a name; two names are two images, with one layer."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> Image:
        config = {
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {"Entrypoint": [f"/{_PROGRAM}"], "Labels": {"name": name}, "User": "65532"},
            "rootfs": {"type": "layers", "diff_ids": [self._diff_id]},
        }
        config_blob = Blob(_CONFIG_TYPE, json.dumps(config).encode())
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": config_blob.descriptor(),
            "layers": [self._layer.descriptor()],
        }
        return Image(Blob(MANIFEST_TYPE, json.dumps(manifest).encode()), config_blob, self._layer)


def archive(image: Image, name: str) -> bytes:
    """Write an image as a tar archive in the OCI layout, which a node can import.

    Args:
        image: to write.
        name: what it is to be called on the node.
    """
    naming = {"io.containerd.image.name": name}
    entry = {**image.manifest.descriptor(), "annotations": naming}
    index = {"schemaVersion": 2, "manifests": [entry]}
    files = {
        "oci-layout": json.dumps({"imageLayoutVersion": "1.0.0"}).encode(),
        "index.json": json.dumps(index).encode(),
    }
    for blob in (image.manifest, image.config, image.layer):
        files[f"blobs/{blob.digest.replace(':', '/')}"] = blob.content
    return _tar(files, mode=0o644)


def _tar(files: dict[str, bytes], *, mode: int) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return written.getvalue()
