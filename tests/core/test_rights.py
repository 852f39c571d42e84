"""What is said of a right that is missing."""

import pytest

from ecr_secrets.core.rights import Right, remedy

ROLES = ["the ClusterRole of the chart", "manifests/install.yaml"]
OWN_ROLE = ["the Role of the chart", "manifests/install.yaml"]
NAMED = ["rbac.secretNames", "rbac.namespaces", "the ClusterRole"]


@pytest.mark.parametrize(
    ("verb", "resource", "namespace", "words"),
    [
        pytest.param("list", "secrets", "", [*ROLES, *NAMED], id="list-secrets-everywhere"),
        pytest.param("watch", "secrets", "", [*ROLES, *NAMED], id="watch-secrets-everywhere"),
        pytest.param("list", "secrets", "a", ["rbac.awsAccessSecrets", *NAMED], id="list-secrets"),
        pytest.param("watch", "secrets", "a", ["rbac.awsAccessSecrets", *NAMED], id="watch"),
        pytest.param("create", "secrets", "a", NAMED, id="create-secrets"),
        pytest.param("patch", "secrets", "a", NAMED, id="patch-secrets"),
        pytest.param("delete", "secrets", "a", NAMED, id="delete-secrets"),
        pytest.param("get", "secrets", "a", OWN_ROLE, id="the-webhooks-authorities"),
        pytest.param("get", "leases", "a", OWN_ROLE, id="get-lease"),
        pytest.param("create", "leases", "a", OWN_ROLE, id="create-lease"),
        pytest.param("patch", "leases", "a", OWN_ROLE, id="patch-lease"),
        pytest.param("create", "events", "a", ROLES, id="events"),
        pytest.param("patch", "awsecrcredentials/status", "", ROLES, id="status"),
        pytest.param("list", "namespaces", "", ROLES, id="namespaces"),
        pytest.param("get", "clusterroles", "", ROLES, id="its-own-role"),
    ],
)
def test_a_remedy_names_what_to_change(
    verb: str, resource: str, namespace: str, words: list[str]
) -> None:
    """Values of the chart, and the role for those who have no chart."""
    text = remedy(Right(verb=verb, resource=resource, namespace=namespace))

    assert [word for word in words if word not in text] == []


def test_only_what_reads_secrets_is_told_of_aws_keys() -> None:
    """A write is about a pull secret."""
    text = remedy(Right(verb="patch", resource="secrets", namespace="a"))

    assert "awsAccessSecrets" not in text
