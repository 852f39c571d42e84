"""Attempts to become more than the operator, with its token."""

from testbed.operator import SERVICE_ACCOUNT
from tests.cluster.audit import OPERATOR
from tests.cluster.privileges.attempts import (
    ADMISSION_API,
    CORE,
    MUTATING,
    OWN,
    OWN_RBAC,
    RBAC,
    SHOPS,
    SYSTEM,
    VALIDATING,
    posing,
    row,
)
from tests.cluster.privileges.profiles import SHOP
from tests.cluster.privileges.release import CLUSTER_NAME

IDENTITIES = [
    row(
        "mint a token of another account",
        f"POST {SYSTEM}/serviceaccounts/namespace-controller/token",
        "create serviceaccounts/token",
    ),
    row(
        "mint a token of its own account",
        f"POST {OWN}/serviceaccounts/{SERVICE_ACCOUNT}/token",
        "create serviceaccounts/token",
    ),
    row("make an account", f"POST {OWN}/serviceaccounts", "create serviceaccounts"),
    row(
        "add a pull secret to an account",
        f"PATCH {SHOPS}/serviceaccounts/default",
        "patch serviceaccounts",
    ),
    row("look at accounts", f"GET {CORE}/serviceaccounts", "list serviceaccounts"),
    posing("act as the administrator", Impersonate_User="admin"),
    posing("act as the masters", Impersonate_User=OPERATOR, Impersonate_Group="system:masters"),
    posing(
        "act as another account",
        Impersonate_User="system:serviceaccount:kube-system:namespace-controller",
    ),
    row(
        "ask for a client certificate",
        "POST /apis/certificates.k8s.io/v1/certificatesigningrequests",
        "create certificatesigningrequests",
    ),
    row(
        "try out tokens",
        "POST /apis/authentication.k8s.io/v1/tokenreviews",
        "create tokenreviews",
    ),
    row(
        "ask what others may do",
        "POST /apis/authorization.k8s.io/v1/subjectaccessreviews",
        "create subjectaccessreviews",
    ),
]

ROLES = [
    row("make a cluster role", f"POST {RBAC}/clusterroles", "create clusterroles"),
    row(
        "widen its own cluster role",
        f"PATCH {RBAC}/clusterroles/{CLUSTER_NAME}",
        "patch clusterroles",
    ),
    row(
        "replace its own cluster role",
        f"PUT {RBAC}/clusterroles/{CLUSTER_NAME}",
        "update clusterroles",
    ),
    row(
        "widen a role that others add to",
        f"PATCH {RBAC}/clusterroles/view",
        "patch clusterroles",
    ),
    row(
        "look at another cluster role",
        f"GET {RBAC}/clusterroles/cluster-admin",
        "get clusterroles",
    ),
    row("look at all cluster roles", f"GET {RBAC}/clusterroles", "list clusterroles"),
    row(
        "bind itself to cluster-admin",
        f"POST {RBAC}/clusterrolebindings",
        "create clusterrolebindings",
    ),
    row(
        "bind itself with its own binding",
        f"PATCH {RBAC}/clusterrolebindings/{CLUSTER_NAME}",
        "patch clusterrolebindings",
    ),
    row("make a role", f"POST {RBAC}/namespaces/{SHOP}/roles", "create roles"),
    row("widen its own role", f"PATCH {OWN_RBAC}/roles/{SERVICE_ACCOUNT}", "patch roles"),
    row("bind a role", f"POST {RBAC}/namespaces/{SHOP}/rolebindings", "create rolebindings"),
    row(
        "bind more with its own binding",
        f"PATCH {OWN_RBAC}/rolebindings/{SERVICE_ACCOUNT}",
        "patch rolebindings",
    ),
    row(
        "see metrics of the API server",
        "GET /metrics",
        "get /metrics",
    ),
]

WEBHOOKS_AND_POLICIES = [
    row(
        "look at another webhook", f"GET {VALIDATING}/other", "get validatingwebhookconfigurations"
    ),
    row("look at all webhooks", f"GET {VALIDATING}", "list validatingwebhookconfigurations"),
    row("make another webhook", f"POST {VALIDATING}", "create validatingwebhookconfigurations"),
    row(
        "apply another webhook",
        f"APPLY {VALIDATING}/other",
        "patch validatingwebhookconfigurations",
    ),
    row("change another webhook", f"PATCH {VALIDATING}/x", "patch validatingwebhookconfigurations"),
    row(
        "remove another webhook",
        f"DELETE {VALIDATING}/other",
        "delete validatingwebhookconfigurations",
    ),
    row(
        "replace its own webhook",
        f"PUT {VALIDATING}/{CLUSTER_NAME}",
        "update validatingwebhookconfigurations",
    ),
    row("make a webhook that changes", f"POST {MUTATING}", "create mutatingwebhookconfigurations"),
    row(
        "apply one of its own name",
        f"APPLY {MUTATING}/{CLUSTER_NAME}",
        "patch mutatingwebhookconfigurations",
    ),
    row("look at those that change", f"GET {MUTATING}", "list mutatingwebhookconfigurations"),
    row(
        "loosen its own policy",
        f"PATCH {ADMISSION_API}/validatingadmissionpolicies/{CLUSTER_NAME}",
        "patch validatingadmissionpolicies",
    ),
    row(
        "remove its own policy",
        f"DELETE {ADMISSION_API}/validatingadmissionpolicies/{CLUSTER_NAME}",
        "delete validatingadmissionpolicies",
    ),
    row(
        "unbind its own policy",
        f"DELETE {ADMISSION_API}/validatingadmissionpolicybindings/{CLUSTER_NAME}",
        "delete validatingadmissionpolicybindings",
    ),
    row(
        "have its own policy warn only",
        f"PATCH {ADMISSION_API}/validatingadmissionpolicybindings/{CLUSTER_NAME}",
        "patch validatingadmissionpolicybindings",
    ),
]

ESCALATIONS = [*IDENTITIES, *ROLES, *WEBHOOKS_AND_POLICIES]
