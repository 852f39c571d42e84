"""The command lines of the API server and the controller manager.

Paths are relative to the testbed's folder, which is their working directory.
"""

from pathlib import Path

from testbed.etcd import ETCD_URL

SERVICE_IP = "10.0.0.1"  # the first address of the service range: Service default/kubernetes
AUDIT_LOG = "audit.log"

# `deployment` and `replicaset` make the pods of our own manifests; `clusterrole-aggregation`
# fills ClusterRoles such as `edit`; `node-lifecycle` opens a node that is ready to pods;
# `serviceaccount-token` fills token Secrets; the last one checks the types of admission policies.
_CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "deployment-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "node-lifecycle-controller",
    "replicaset-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "validatingadmissionpolicy-status-controller",
)


def api_server_arguments(program: Path, port: int) -> list[str | Path]:
    """Serve on a port of 127.0.0.1 that a `ReservedPort` keeps."""
    return [
        program,
        f"--etcd-servers={ETCD_URL}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        "--permit-port-sharing",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--endpoint-reconciler-type=none",  # a loopback address cannot be an endpoint
        "--allow-privileged",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--client-ca-file=ca.crt",
        "--tls-cert-file=api-server.crt",
        "--tls-private-key-file=api-server.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-account-key-file=service-accounts.pub",
        "--service-account-signing-key-file=service-accounts.key",
        "--audit-policy-file=audit-policy.yaml",
        f"--audit-log-path={AUDIT_LOG}",
        "--audit-log-mode=blocking",  # nothing is dropped under load
        "--audit-log-maxsize=100000",  # MB: never rotated, so that one file holds all
    ]


def controller_manager_arguments(program: Path) -> list[str | Path]:
    """Run the controllers that our promises rest on, each under its own service account."""
    return [
        program,
        "--kubeconfig=controller-manager.kubeconfig",
        "--secure-port=0",
        "--leader-elect=false",
        "--use-service-account-credentials",
        "--service-account-private-key-file=service-accounts.key",
        "--root-ca-file=ca.crt",
        f"--controllers={','.join(_CONTROLLERS)}",
        # The default of 20 requests a second would make 10,000 namespaces a matter of minutes.
        "--kube-api-qps=300",
        "--kube-api-burst=600",
    ]
