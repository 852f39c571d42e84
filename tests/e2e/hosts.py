"""Registries besides the one of the usual account and region."""

from testbed.aws.hosts import registry_host
from testbed.aws.iam import ACCOUNT

FAR = "us-east-1"
PARTNER = "444455556666"  # another account, which shares its registry
FAR_HOSTS = (registry_host(ACCOUNT, FAR), registry_host(PARTNER, FAR))
