"""Actions to conclude on, for the tests of what users are told."""

from collections.abc import Iterable
from datetime import datetime

from ecr_secrets.core.actions import Action, Keep, Refuse
from ecr_secrets.core.conclude import Findings, conclude
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.core.standing import Outcome, stand
from ecr_secrets.core.status import Condition, Status, find_condition
from ecr_secrets.errors import AccessDeniedError, AwsAccessNotFoundError, AwsUnavailableError
from tests.core.builders import (
    IRELAND,
    LIFE,
    NOON,
    VIRGINIA,
    a_content,
    a_credential,
    a_pull_secret,
    a_token,
    written,
)

SHOP, BANK = ObjectKey("shop", "ecr-login"), ObjectKey("bank", "ecr-login")
BOTH = a_content(a_token(IRELAND), a_token(VIRGINIA))
EXPIRED = written("shop", a_content(a_token(issued_at=NOON - LIFE)))
AWS_AWAY = AwsUnavailableError("ECR in eu-west-1 does not answer within 20 s")
DENIED = AccessDeniedError("ecr:GetAuthorizationToken is not allowed; attach a policy with it")
NO_ACCESS = AwsAccessNotFoundError("spec.awsAccess: Secret default/aws-access does not exist")


def kept(namespace: str = "shop", found: PullSecret | None = None) -> Keep:
    """Keep what is in a namespace."""
    found = found or a_pull_secret(namespace)
    return Keep(found.key, found)


def refused(namespace: str) -> Refuse:
    """Find a foreign Secret in a namespace."""
    found = a_pull_secret(namespace, owner_uid=None)
    return Refuse(found.key, "ForeignSecret", found)


def concluded(
    actions: Iterable[Action],
    findings: Findings | None = None,
    *,
    outcome: Outcome | None = None,
    before: Status | None = None,
    now: datetime = NOON,
) -> Status:
    """Conclude on a credential for the namespaces of the actions and those that are missing."""
    actions = list(actions)
    findings = findings or Findings(secret_names=("ecr-login",))
    standing = stand(actions, outcome or Outcome(), now=now)
    namespaces = {action.target.namespace for action in actions} | set(findings.missing)
    return conclude(
        a_credential(*sorted(namespaces)), standing, findings, before=before or Status(), now=now
    )


def condition(status: Status, kind: str) -> Condition:
    """Find a condition that must be there."""
    found = find_condition(status.conditions, kind)
    assert found
    return found


def told(status: Status) -> tuple[str, str, str, str]:
    """Shorten both conditions to their status and reason."""
    ready, degraded = condition(status, "Ready"), condition(status, "Degraded")
    return ready.status, ready.reason, degraded.status, degraded.reason
