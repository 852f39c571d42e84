"""Which tests need a node, and what is said of them where there can be none."""

import os

import pytest

from testbed.node.obstacles import find_obstacle

# Where a node is known to be possible, as in CI, a test without one fails.
_REQUIRED = os.environ.get("TESTBED_NODE") == "required"
_OBSTACLE = None if _REQUIRED else find_obstacle()
# Skipped where a machine cannot have one; the reason says what it lacks, as the summary does.
needs_node = pytest.mark.skipif(_OBSTACLE is not None, reason=_OBSTACLE or "")
