"""What a choice of the chart takes away from its default, by the name of the profile."""

from tests.cluster.privileges.attempts import (
    AWS,
    CORE,
    OWN,
    RBAC,
    SHOPS,
    SYSTEM,
    VALIDATING,
    only_named,
    row,
)
from tests.cluster.privileges.profiles import AWS_ACCESS, BLOG, LOGIN
from tests.cluster.privileges.release import CLUSTER_NAME, RECORD

BY_PROFILE = {
    "names": [
        row("list every Secret", f"GET {CORE}/secrets", "list secrets"),
        row("watch every Secret", f"GET {CORE}/secrets?watch=true", "watch secrets"),
        row("list by label", f"GET {CORE}/secrets?labelSelector=a%3Db", "list secrets"),
        row("list of another name", f"GET {CORE}/secrets?{only_named('tls')}", "list secrets"),
        row(
            "list but one name",
            f"GET {CORE}/secrets?fieldSelector=metadata.name!%3Dx",
            "list secrets",
        ),
        row("list a namespace", f"GET {SHOPS}/secrets", "list secrets"),
        row("list the system's", f"GET {SYSTEM}/secrets", "list secrets"),
        row("list its own namespace", f"GET {OWN}/secrets", "list secrets"),
        row(
            "list AWS keys elsewhere",
            f"GET {SHOPS}/secrets?{only_named(AWS_ACCESS.name)}",
            "list secrets",
        ),
        row("list beside the AWS keys", f"GET {AWS}?{only_named('other')}", "list secrets"),
        row("change the AWS keys", f"PATCH {AWS}/{AWS_ACCESS.name}", "patch secrets"),
        row("remove the AWS keys", f"DELETE {AWS}/{AWS_ACCESS.name}", "delete secrets"),
        row("change another name", f"PATCH {SHOPS}/secrets/tls", "patch secrets"),
        row("apply another name", f"APPLY {SHOPS}/secrets/tls", "patch secrets"),
        row("remove another name", f"DELETE {SHOPS}/secrets/tls", "delete secrets"),
        row("create without saying which", f"POST {SHOPS}/secrets", "create secrets"),
        row("change its record elsewhere", f"PATCH {SHOPS}/secrets/{RECORD}", "patch secrets"),
    ],
    "namespaces": [
        row("list every Secret", f"GET {CORE}/secrets", "list secrets"),
        row("watch every Secret", f"GET {CORE}/secrets?watch=true", "watch secrets"),
        row("list by name everywhere", f"GET {CORE}/secrets?{only_named(LOGIN)}", "list secrets"),
        row("list the system's", f"GET {SYSTEM}/secrets", "list secrets"),
        row("list its own namespace", f"GET {OWN}/secrets", "list secrets"),
        row("watch another namespace", f"GET {AWS}?watch=true", "watch secrets"),
        row("list beside the AWS keys", f"GET {AWS}?{only_named(LOGIN)}", "list secrets"),
        row("create elsewhere", f"POST {AWS}", "create secrets"),
        row("apply elsewhere", f"APPLY {AWS}/{LOGIN}", "patch secrets"),
        row("change the AWS keys", f"PATCH {AWS}/{AWS_ACCESS.name}", "patch secrets"),
        row("remove elsewhere", f"DELETE {SYSTEM}/secrets/{LOGIN}", "delete secrets"),
    ],
    "names-in-namespaces": [
        row("list by name everywhere", f"GET {CORE}/secrets?{only_named(LOGIN)}", "list secrets"),
        row("list one of the namespaces", f"GET {SHOPS}/secrets", "list secrets"),
        row(
            "list another name in one",
            f"GET {CORE}/namespaces/{BLOG}/secrets?{only_named('tls')}",
            "list secrets",
        ),
        row("list a name elsewhere", f"GET {AWS}?{only_named(LOGIN)}", "list secrets"),
        row("change another name in one", f"PATCH {SHOPS}/secrets/tls", "patch secrets"),
        row("change a name elsewhere", f"PATCH {AWS}/{LOGIN}", "patch secrets"),
        row("remove a name elsewhere", f"DELETE {SYSTEM}/secrets/{LOGIN}", "delete secrets"),
        row("create without saying which", f"POST {SHOPS}/secrets", "create secrets"),
    ],
    "no-webhook": [
        row(
            "register a webhook",
            f"APPLY {VALIDATING}/{CLUSTER_NAME}",
            "patch validatingwebhookconfigurations",
        ),
        row(
            "watch webhooks",
            f"GET {VALIDATING}?watch=true",
            "watch validatingwebhookconfigurations",
        ),
        row("look at its own role", f"GET {RBAC}/clusterroles/{CLUSTER_NAME}", "get clusterroles"),
        row("read a record", f"GET {OWN}/secrets/{RECORD}", "get secrets"),
        row("write a record", f"PATCH {OWN}/secrets/{RECORD}", "patch secrets"),
    ],
    "certificate-files-and-no-policy": [
        row("read a record", f"GET {OWN}/secrets/{RECORD}", "get secrets")
    ],
}
