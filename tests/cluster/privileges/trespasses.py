"""Attempts on what belongs to others, with the operator's token."""

from ecr_secrets.core.spec import PLURAL
from testbed.operator import NAMESPACE, SERVICE_ACCOUNT
from tests.cluster.privileges.attempts import (
    APPS,
    AWS,
    CORE,
    CREDENTIALS,
    LEASES,
    OWN,
    SHOPS,
    SYSTEM,
    row,
)
from tests.cluster.privileges.profiles import AWS_ACCESS, LOGIN, SHOP
from tests.cluster.privileges.release import RECORD

SECRETS = [
    row("read a pull secret", f"GET {SHOPS}/secrets/{LOGIN}", "get secrets"),
    row("read AWS keys directly", f"GET {AWS}/{AWS_ACCESS.name}", "get secrets"),
    row("read a Secret of the system", f"GET {SYSTEM}/secrets/x", "get secrets"),
    row("read its record's namesake", f"GET {SHOPS}/secrets/{RECORD}", "get secrets"),
    row("replace a Secret", f"PUT {SHOPS}/secrets/{LOGIN}", "update secrets"),
    row("replace its record", f"PUT {OWN}/secrets/{RECORD}", "update secrets"),
    row("empty a namespace of Secrets", f"DELETE {SHOPS}/secrets", "deletecollection secrets"),
]

ASKED_FOR = [
    row("ask for a pull secret itself", f"POST {CREDENTIALS}", f"create {PLURAL}"),
    row("change what is asked for", f"PATCH {CREDENTIALS}/x", f"patch {PLURAL}"),
    row("apply what is asked for", f"APPLY {CREDENTIALS}/x", f"patch {PLURAL}"),
    row("replace what is asked for", f"PUT {CREDENTIALS}/x", f"update {PLURAL}"),
    row("remove what is asked for", f"DELETE {CREDENTIALS}/x", f"delete {PLURAL}"),
    row("replace a status", f"PUT {CREDENTIALS}/x/status", f"update {PLURAL}/status"),
    row(
        "change the kind",
        f"PATCH /apis/apiextensions.k8s.io/v1/customresourcedefinitions/{PLURAL}.x",
        "patch customresourcedefinitions",
    ),
    row(
        "remove the kind",
        f"DELETE /apis/apiextensions.k8s.io/v1/customresourcedefinitions/{PLURAL}.x",
        "delete customresourcedefinitions",
    ),
    row(
        "answer for another API",
        "POST /apis/apiregistration.k8s.io/v1/apiservices",
        "create apiservices",
    ),
]

WORKLOADS = [
    row("run a pod", f"POST {SHOPS}/pods", "create pods"),
    row("run a pod in its namespace", f"POST {OWN}/pods", "create pods"),
    row("look at pods", f"GET {CORE}/pods", "list pods"),
    row("remove a pod", f"DELETE {SHOPS}/pods/x", "delete pods"),
    row("enter a pod", f"POST {SHOPS}/pods/x/exec", "create pods/exec"),
    row("attach to a pod", f"POST {SHOPS}/pods/x/attach", "create pods/attach"),
    row("reach a port of a pod", f"POST {SHOPS}/pods/x/portforward", "create pods/portforward"),
    row("read a log", f"GET {SHOPS}/pods/x/log", "get pods/log"),
    row(
        "add a container to a pod",
        f"PATCH {SHOPS}/pods/x/ephemeralcontainers",
        "patch pods/ephemeralcontainers",
    ),
    row("evict a pod", f"POST {SHOPS}/pods/x/eviction", "create pods/eviction"),
    row("bind a pod to a node", f"POST {SHOPS}/pods/x/binding", "create pods/binding"),
    row("make a Deployment", f"POST {APPS}/deployments", "create deployments"),
    row(
        "change its own image",
        f"PATCH {APPS}/deployments/{SERVICE_ACCOUNT}",
        "patch deployments",
    ),
    row(
        "scale itself down",
        f"PATCH {APPS}/deployments/{SERVICE_ACCOUNT}/scale",
        "patch deployments/scale",
    ),
    row("run on every node", f"POST {APPS}/daemonsets", "create daemonsets"),
    row("run a Job", f"POST /apis/batch/v1/namespaces/{SHOP}/jobs", "create jobs"),
    row("run a CronJob", f"POST /apis/batch/v1/namespaces/{SHOP}/cronjobs", "create cronjobs"),
    row("look at nodes", f"GET {CORE}/nodes", "list nodes"),
    row("change a node", f"PATCH {CORE}/nodes/x", "patch nodes"),
    row("speak to a kubelet", f"GET {CORE}/nodes/x/proxy/pods", "get nodes/proxy"),
    row("speak to a Service", f"GET {SHOPS}/services/x/proxy/", "get services/proxy"),
    row("mount a disk of a node", f"POST {CORE}/persistentvolumes", "create persistentvolumes"),
    row(
        "open the network",
        f"POST /apis/networking.k8s.io/v1/namespaces/{SHOP}/networkpolicies",
        "create networkpolicies",
    ),
]

SURROUNDINGS = [
    row("make a namespace", f"POST {CORE}/namespaces", "create namespaces"),
    row("remove a namespace", f"DELETE {SHOPS}", "delete namespaces"),
    row("relabel a namespace", f"PATCH {SHOPS}", "patch namespaces"),
    row("read one namespace", f"GET {SHOPS}", "get namespaces"),
    row("finish off a namespace", f"PUT {SHOPS}/finalize", "update namespaces/finalize"),
    row("read a ConfigMap", f"GET {SHOPS}/configmaps/kube-root-ca.crt", "get configmaps"),
    row("look at ConfigMaps", f"GET {CORE}/configmaps", "list configmaps"),
    row("make a ConfigMap", f"POST {OWN}/configmaps", "create configmaps"),
    row(
        "change how the API server authenticates",
        f"PATCH {SYSTEM}/configmaps/extension-apiserver-authentication",
        "patch configmaps",
    ),
    row("read Events", f"GET {CORE}/events", "list events"),
    row("read Events of a namespace", f"GET {SHOPS}/events", "list events"),
    row("read one Event", f"GET {SHOPS}/events/x", "get events"),
    row("remove an Event", f"DELETE {SHOPS}/events/x", "delete events"),
    row(
        "write Events of the other API",
        f"POST /apis/events.k8s.io/v1/namespaces/{SHOP}/events",
        "create events",
    ),
    row("read another Lease", f"GET {LEASES}/{NAMESPACE}/leases/other", "get leases"),
    row("take over another Lease", f"PATCH {LEASES}/{NAMESPACE}/leases/other", "patch leases"),
    row(
        "take over the controllers",
        f"APPLY {LEASES}/kube-system/leases/kube-controller-manager",
        "patch leases",
    ),
    row("make another Lease", f"POST {LEASES}/{NAMESPACE}/leases", "create leases"),
    row("look at Leases", f"GET {LEASES}/{NAMESPACE}/leases", "list leases"),
    row(
        "remove its own Lease",
        f"DELETE {LEASES}/{NAMESPACE}/leases/{SERVICE_ACCOUNT}",
        "delete leases",
    ),
    row(
        "go before others at the API server",
        "PATCH /apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/service-accounts",
        "patch flowschemas",
    ),
]

TRESPASSES = [*SECRETS, *ASKED_FOR, *WORKLOADS, *SURROUNDINGS]
