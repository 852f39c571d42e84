"""Which refusals are about a missing right, and which right that is."""

import pytest

from ecr_secrets.core.rights import Right
from ecr_secrets.errors import ConflictError, ForbiddenError, OperatorError
from ecr_secrets.kube.missing_right import denied_right, with_remedy

USER = 'User "system:serviceaccount:a:b"'
PATCH = f'{USER} cannot patch resource "secrets" in API group "" in the namespace "shop"'


@pytest.mark.parametrize(
    ("message", "right"),
    [
        pytest.param(PATCH, Right(verb="patch", resource="secrets", namespace="shop"), id="one"),
        pytest.param(
            f'secrets is forbidden: {USER} cannot list resource "secrets" in API group "" at the '
            "cluster scope",
            Right(verb="list", resource="secrets", namespace=""),
            id="everywhere",
        ),
        pytest.param(
            f'{USER} cannot patch resource "awsecrcredentials/status" in API group '
            '"aws.zakariaamine.com" at the cluster scope: reasons of the authorizer',
            Right(verb="patch", resource="awsecrcredentials/status", namespace=""),
            id="subresource",
        ),
        pytest.param("exceeded quota: q, requested: secrets=1", None, id="quota"),
        pytest.param("because it is being terminated", None, id="terminating"),
        pytest.param(f'{USER} cannot get path "/metrics"', None, id="no-resource"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_the_right_is_read_off_the_servers_words(message: str, right: Right | None) -> None:
    """The one that the authorizer missed, which is not always the one that was asked for."""
    assert denied_right(message) == right


@pytest.mark.parametrize(
    ("error", "message", "told"),
    [
        pytest.param(ForbiddenError("patch secrets: no"), PATCH, True, id="denied"),
        pytest.param(ForbiddenError("patch secrets: no"), "exceeded quota", False, id="quota"),
        pytest.param(ConflictError("patch secrets: no"), PATCH, False, id="another-status"),
    ],
)
def test_a_remedy_is_told_where_a_right_is_missing(
    error: OperatorError, message: str, *, told: bool
) -> None:
    """No other refusal would be helped by a role."""
    after = with_remedy(error, message)

    assert type(after) is type(error)
    assert str(after).startswith(str(error))
    assert ("rbac.secretNames" in str(after)) is told
