"""What replicas run in."""

from dataclasses import dataclass, field

from testbed.control_plane import ControlPlane
from tests.cluster.aws_thread import AwsThread


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster with the operator installed, a fake AWS, and somebody who may do everything."""

    control_plane: ControlPlane
    aws: AwsThread
    token: str = field(repr=False)
