"""Images made by hand are what the specification says an image is."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from testbed.node.image import Images, archive

PROGRAM = b"\x7fELF and so on"


@pytest.fixture
def images(tmp_path: Path) -> Images:
    """Images with a program that is nothing but bytes."""
    program = tmp_path / "program"
    program.write_bytes(PROGRAM)
    return Images(program)


def test_a_manifest_names_config_and_layer_by_digest_and_size(images: Images) -> None:
    """What a node checks before it unpacks anything."""
    image = images.image("shop/web")

    manifest = json.loads(image.manifest.content)

    for said, blob in ((manifest["config"], image.config), (manifest["layers"][0], image.layer)):
        assert said["digest"] == f"sha256:{hashlib.sha256(blob.content).hexdigest()}"
        assert said["size"] == len(blob.content)


def test_the_layer_holds_the_program_that_the_config_starts(images: Images) -> None:
    """Executable, and what the config says is unpacked is what the layer unpacks to."""
    image = images.image("shop/web")
    config = json.loads(image.config.content)
    unpacked = gzip.decompress(image.layer.content)

    with tarfile.open(fileobj=io.BytesIO(unpacked)) as tar:
        (entry,) = tar.getmembers()
        content = tar.extractfile(entry)
        assert content is not None
        assert content.read() == PROGRAM

    assert entry.mode == 0o755
    assert config["config"]["Entrypoint"] == [f"/{entry.name}"]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(unpacked).hexdigest()}"]


def test_two_names_are_two_images_with_one_layer(images: Images) -> None:
    """So that a node which has one still has to pull the other."""
    web, api = images.image("shop/web"), images.image("shop/api")

    assert web.manifest.digest != api.manifest.digest
    assert web.config.digest != api.config.digest
    assert web.layer.digest == api.layer.digest
    assert images.image("shop/web") == web


def test_an_image_knows_its_parts_by_digest(images: Images) -> None:
    """Each of the three, and nothing else."""
    image = images.image("shop/web")

    for part in (image.manifest, image.config, image.layer):
        assert image.blob(part.digest) == part
    assert image.blob("sha256:0") is None


def test_an_archive_has_every_part_under_its_digest(images: Images) -> None:
    """And an index that names the manifest, under the name the image is to have."""
    image = images.image("shop/web")

    with tarfile.open(fileobj=io.BytesIO(archive(image, "example.com/web:1"))) as tar:
        files = {entry.name: tar.extractfile(entry) for entry in tar.getmembers()}
        contents = {name: file.read() for name, file in files.items() if file}

    (entry,) = json.loads(contents["index.json"])["manifests"]
    assert entry["digest"] == image.manifest.digest
    assert entry["annotations"] == {"io.containerd.image.name": "example.com/web:1"}
    for part in (image.manifest, image.config, image.layer):
        assert contents[f"blobs/{part.digest.replace(':', '/')}"] == part.content
