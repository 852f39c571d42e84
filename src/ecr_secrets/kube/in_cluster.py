"""What Kubernetes puts into every pod for reaching the API server."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")  # fixed by the kubelet


@dataclass(frozen=True, slots=True, kw_only=True)
class InCluster:
    """The cluster around us, and the files of our service account."""

    server: str
    token_file: Path
    ca_file: Path
    namespace: str | None  # our pod's; None: the mount does not say


def find_in_cluster(environ: Mapping[str, str], mount: Path = SERVICE_ACCOUNT) -> InCluster | None:
    """Look around; None: this is not a pod, or one without a service account token."""
    host = environ.get("KUBERNETES_SERVICE_HOST", "")
    port = environ.get("KUBERNETES_SERVICE_PORT", "")
    token_file = mount / "token"
    if not host or not port or not token_file.exists():
        return None
    namespace_file = mount / "namespace"
    return InCluster(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        token_file=token_file,
        ca_file=mount / "ca.crt",
        namespace=namespace_file.read_text().strip() if namespace_file.exists() else None,
    )
