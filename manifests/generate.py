"""Writes the manifests anew: `python -m manifests.generate`, after `python -m chart.generated`."""

import sys
from pathlib import Path

from manifests.crd import crd
from manifests.install import FILE
from manifests.kustomizations import CHART, OVERLAYS, base, overlay
from manifests.rendered import rendered
from manifests.stream import render
from testbed.errors import ControlPlaneError
from testbed.helm import provide_helm

HERE = Path(__file__).parent


def files(helm: Path) -> dict[Path, str]:
    """Return the content of every generated file.

    Args:
        helm: the program to render the chart with; whether Helm 3 or 4 makes no difference.
    """
    plain = rendered(helm, {})
    made = {HERE / "base" / name: text for name, text in base(plain).items()}
    for folder, each in OVERLAYS.items():
        parts = overlay(each.about, plain, rendered(helm, each.values))
        made |= {HERE / "overlays" / folder / name: text for name, text in parts.items()}
    return {
        HERE / "crd.yaml": render([crd()]),
        FILE: render(plain, source=CHART),
        **made,
    }


def main() -> int:
    """Write them, remove what is no longer made, and return the exit code."""
    try:
        made = files(provide_helm(4))
    except ControlPlaneError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a command for a person
        return 1
    for path in stored() - made.keys():
        path.unlink()
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


def stored() -> set[Path]:
    """List the files that are there."""
    return set(HERE.rglob("*.yaml"))


if __name__ == "__main__":
    sys.exit(main())
