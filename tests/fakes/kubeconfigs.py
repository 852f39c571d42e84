"""Kubeconfig files for tests: one cluster, one user and one context, all of one name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def a_kubeconfig(
    path: Path,
    *,
    cluster: Mapping[str, Any] | None = None,
    user: Mapping[str, Any] | None = None,
    name: str = "dev",
    **other: Any,
) -> Path:
    """Write a valid file, with what differs.

    Args:
        other: top-level fields to replace.
    """
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}", **(cluster or {})}}],
        "users": [{"name": name, "user": dict(user or {"token": f"{name}-token"})}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
        **{field.replace("_", "-"): value for field, value in other.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content))
    return path
