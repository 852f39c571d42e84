"""Which tests need a node, and what is said of them where there can be none."""

import pytest

from testbed.node.obstacles import find_obstacle

_OBSTACLE = find_obstacle()
# Skipped where a machine cannot have one; the reason says what it lacks, as the summary does.
needs_node = pytest.mark.skipif(_OBSTACLE is not None, reason=_OBSTACLE or "")
