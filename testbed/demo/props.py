"""What the chapters work with: the names of the README's example, and the hands to act."""

from dataclasses import dataclass
from datetime import timedelta

from testbed.aws.iam import AccessKey
from testbed.aws.server import FakeAws
from testbed.demo.cluster import Cluster
from testbed.demo.observer import Observer
from testbed.demo.pods import Pods
from testbed.operator import Operator

CREDENTIAL = "my-ecr-credentials"
SECRET = "ecr-login"
REGION = "us-east-1"
NAMESPACES = ("ns1", "ns2", "ns3", "ns4")
NEWCOMER = "ns5"

SOON = timedelta(seconds=15)  # usually a fraction of a second; a busy machine needs more
LATENCY = timedelta(seconds=0.1)  # of AWS: about what ECR takes within a region
# How long tokens live where their end is waited for. Between two calls for the same token the
# operator lets 5 s pass, which has to leave it time to refresh.
BRIEF = timedelta(seconds=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Props:
    """What the chapters work with."""

    cluster: Cluster
    aws: FakeAws
    key: AccessKey
    operator: Operator
    pods: Pods
    observer: Observer
    life: timedelta  # of registry tokens, unless a chapter shortens it
    crowd: int  # pods that are created at once
