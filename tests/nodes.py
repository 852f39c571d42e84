"""Which tests need a node, and what is said of them where there can be none."""

import pytest

from testbed.node.obstacles import find_obstacle

_OBSTACLE = find_obstacle()
needs_node = pytest.mark.skipif(_OBSTACLE is not None, reason=_OBSTACLE or "")
