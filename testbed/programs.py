"""Builds every program that the tests start, if not done before: `python -m testbed.programs`."""

import sys

from testbed.actionlint import provide_actionlint
from testbed.binaries import provide_binaries
from testbed.errors import ControlPlaneError
from testbed.helm import MAJORS, provide_helm
from testbed.node.obstacles import find_obstacle
from testbed.node.programs import provide_node_programs


def main() -> int:
    """Build what is missing and return the exit code."""
    try:
        provide_binaries()
        for major in MAJORS:
            provide_helm(major)
        provide_actionlint()
        if find_obstacle() is None:
            provide_node_programs()
    except ControlPlaneError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
