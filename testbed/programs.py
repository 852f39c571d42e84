"""Builds every program that the tests start, if not done before: `python -m testbed.programs`."""

import sys

from testbed.actionlint import provide_actionlint
from testbed.binaries import provide_binaries
from testbed.errors import ControlPlaneError
from testbed.helm import MAJORS, provide_helm


def main() -> int:
    """Build what is missing and return the exit code."""
    try:
        provide_binaries()
        for major in MAJORS:
            provide_helm(major)
        provide_actionlint()
    except ControlPlaneError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
