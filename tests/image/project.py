"""Where the files are, and the version they are all to carry."""

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION: str = PROJECT["project"]["version"]
NAME: str = PROJECT["project"]["name"]
IMAGE = f"ghcr.io/zak905/{NAME}"
