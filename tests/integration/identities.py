"""Whom the tests of identities let us be to AWS, by which operations AWS sees it."""

from datetime import timedelta

from ecr_secrets.core.identity import Identity
from testbed.aws.iam import AccessKey
from tests.integration.at_aws import ROLE, World, utc_now

OURSELVES = Identity()
HOUR = timedelta(hours=1)
ASSUMED = "sts:AssumeRole"
TOKENS = "ecr:GetAuthorizationToken"


def a_session(world: World, arn: str = ROLE) -> AccessKey:
    """Make the temporary keys of a role."""
    return world.aws.iam.open_session(world.aws.add_role(arn), now=utc_now(), lifetime=HOUR)
