"""Where the version stands besides pyproject.toml: a release changes it there and nowhere else."""

import re
import tomllib
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_NAME = "kube-ecr-secrets-operator"
_PLACES = {
    _ROOT / "chart" / _NAME / "Chart.yaml": (
        r"(?<=^version: ).+$",
        r"(?<=^appVersion: ).+$",
        rf"(?<=/{_NAME}:).+$",  # the image, as Artifact Hub is told
    ),
    _ROOT / "README.md": (rf"(?<=/{_NAME}:)\d\S*$",),
    _ROOT / "SECURITY.md": (r"(?<=^VERSION=).+$",),
}


def _version() -> str:
    """Return the version of the project."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def versioned_files() -> dict[Path, str]:
    """Return the content of every file that a person writes, and that says the version.

    Raises:
        ValueError: a file says it elsewhere than it is looked for.
    """
    return {path: _with_version(path, places) for path, places in _PLACES.items()}


def _with_version(path: Path, places: tuple[str, ...]) -> str:
    text = path.read_text(encoding="utf-8")
    for place in places:
        text, found = re.subn(place, _version(), text, flags=re.MULTILINE)
        if found != 1:
            raise ValueError(f"{path.name}: expected one match of {place}, found {found}")
    return text
