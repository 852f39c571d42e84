"""Kubeconfig files: one cluster, one user, everything they need inside the file."""

import base64
from collections.abc import Mapping
from pathlib import Path

import yaml

from testbed.certificates import Certificate


def certificate_user(certificate: Certificate) -> dict[str, str]:
    """Describe a user that shows a client certificate."""
    return {
        "client-certificate-data": _base64(certificate.certificate_pem),
        "client-key-data": _base64(certificate.key_pem),
    }


def token_user(token: str) -> dict[str, str]:
    """Describe a user that shows a bearer token."""
    return {"token": token}


def write_kubeconfig(path: Path, url: str, ca_pem: bytes, user: Mapping[str, str]) -> Path:
    """Write the file, readable by its owner alone, and return its path."""
    cluster = {"server": url, "certificate-authority-data": _base64(ca_pem)}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "testbed", "cluster": cluster}],
        "users": [{"name": "testbed", "user": dict(user)}],
        "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": "testbed"}}],
        "current-context": "testbed",
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
