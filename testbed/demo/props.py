"""What the chapters work with: the names of the README's example, and the hands to act."""

from dataclasses import dataclass
from datetime import timedelta

from testbed.aws.iam import AccessKey
from testbed.aws.server import FakeAws
from testbed.demo.cluster import Cluster
from testbed.demo.observer import Observer

CREDENTIAL = "my-ecr-credentials"
SECRET = "ecr-login"
REGION = "us-east-1"
NAMESPACES = ("ns1", "ns2", "ns3", "ns4")
NEWCOMER = "ns5"

SOON = timedelta(seconds=15)  # usually a fraction of a second; a busy machine needs more


@dataclass(frozen=True, slots=True, kw_only=True)
class Props:
    """What the chapters work with."""

    cluster: Cluster
    aws: FakeAws
    key: AccessKey
    observer: Observer
    life: timedelta  # of registry tokens
