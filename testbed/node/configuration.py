"""What containerd and the kubelet are told, so that they live beside a machine's own.

Paths below `/run`, `/var/lib` and `/var/log` are the node's own: `init.py` hides the machine's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOCKET = "/run/containerd/containerd.sock"
# Where the kubelet keeps pods, and the record of who pulled what. Sockets are in there, whose paths
# may have no more than 107 characters (sun_path of unix(7)), so it is not below a folder of ours.
KUBELET_ROOT = "/run/kubelet"
PAUSE_IMAGE = "testbed.local/pause:1"
HOST_HEADER = "X-Registry-Host"

# What a kubelet wants of the kernel it runs on, and sets there if it may (setupKernelTunables in
# pkg/kubelet/cm/container_manager_linux.go). No namespace keeps these apart, so it is shown them.
KERNEL_SETTINGS = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1_000_000,
    "kernel/keys/root_maxbytes": 25_000_000,
}

_CNI_VERSION = "1.0.0"
# A network without a network: pods get an address that nobody can reach. Every pod the same; the
# plugin answers each of the commands (ADD, DEL, CHECK, STATUS, VERSION) with what fits them all.
_CNI_PLUGIN = """\
#!/bin/sh
cat > /dev/null
echo '{"cniVersion":"%s","supportedVersions":["%s"],"ips":[{"address":"10.88.0.2/16"}]}'
"""
_CNI_PLUGINS = ("nowhere", "loopback")  # containerd asks for the latter by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where a node's files are."""

    folder: Path

    @property
    def containerd(self) -> Path:
        """The configuration of containerd."""
        return self.folder / "containerd.toml"

    @property
    def kubelet(self) -> Path:
        """The configuration of the kubelet."""
        return self.folder / "kubelet.json"

    @property
    def cni(self) -> Path:
        """The network's plugins and their configuration."""
        return self.folder / "cni"

    @property
    def registries(self) -> Path:
        """A folder for each registry host."""
        return self.folder / "certs.d"


def write_configuration(
    layout: Layout, *, runc: Path, cgroup: str, registries: Mapping[str, str]
) -> None:
    """Write every file.

    Args:
        layout: where to.
        runc: the program that starts containers.
        cgroup: below which all pods run, from the root of each hierarchy.
        registries: by host name, where it is served instead.
    """
    layout.containerd.write_text(_containerd(layout, runc), encoding="utf-8")
    layout.kubelet.write_text(json.dumps(_kubelet(layout, cgroup)), encoding="utf-8")
    _write_cni(layout.cni)
    for host, url in registries.items():
        folder = layout.registries / host
        folder.mkdir(parents=True)
        (folder / "hosts.toml").write_text(_hosts(host, url), encoding="utf-8")


def _containerd(layout: Layout, runc: Path) -> str:
    """Configure containerd 2, in version 3 of its format.

    It makes neither `/opt/containerd`, for what it could install, nor a profile of AppArmor: they
    would stay when the node has gone.
    """
    return f"""\
version = 3
root = "{layout.folder}/containerd"
state = "/run/containerd/state"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.internal.v1.opt"]
[grpc]
address = "{SOCKET}"
[plugins."io.containerd.cri.v1.images"]
snapshotter = "overlayfs"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{PAUSE_IMAGE}"
[plugins."io.containerd.cri.v1.images".registry]
config_path = "{layout.registries}"
[plugins."io.containerd.cri.v1.runtime"]
disable_apparmor = true
restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{layout.cni}/bin"]
conf_dir = "{layout.cni}/net.d"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = "{runc}"
[plugins."io.containerd.grpc.v1.cri"]
disable_tcp_service = true
"""


def _kubelet(layout: Layout, cgroup: str) -> dict[str, Any]:
    """Configure the kubelet: no ports, and nothing of the machine's but one cgroup."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "enableServer": False,
        "healthzPort": 0,
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}",
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,  # machines with both versions are common still
        "failSwapOn": False,
        "protectKernelDefaults": True,  # they are the machine's; see KERNEL_SETTINGS
        "localStorageCapacityIsolation": False,
        "evictionHard": {"memory.available": "1Mi"},  # the machine is not ours to watch over
        "imageGCHighThresholdPercent": 100,  # never
        "makeIPTablesUtilChains": False,
        "resolvConf": "",
        "clusterDNS": ["10.0.0.10"],  # where nobody answers; without it every pod gets a warning
        "podLogsDir": f"{layout.folder}/pod-logs",
        "volumePluginDir": f"{layout.folder}/volume-plugins",
        "serializeImagePulls": False,
        "registryPullQPS": 0,  # without a limit
        # Containers that end come back after a second, so that many restarts take no hours. The
        # wait after a pull that failed is another one, and stays as long as everywhere.
        # KEP-2535 is off by default before 1.35.
        "featureGates": {
            "KubeletCrashLoopBackOffMax": True,
            "KubeletEnsureSecretPulledImages": True,
        },
        "crashLoopBackOff": {"maxContainerRestartPeriod": "1s"},
    }


def _write_cni(folder: Path) -> None:
    (folder / "bin").mkdir(parents=True)
    for name in _CNI_PLUGINS:
        plugin = folder / "bin" / name
        plugin.write_text(_CNI_PLUGIN % (_CNI_VERSION, _CNI_VERSION), encoding="utf-8")
        plugin.chmod(0o755)
    network = {"cniVersion": _CNI_VERSION, "name": "nowhere", "plugins": [{"type": "nowhere"}]}
    (folder / "net.d").mkdir()
    (folder / "net.d" / "10-nowhere.conflist").write_text(json.dumps(network), encoding="utf-8")


def _hosts(host: str, url: str) -> str:
    """Send containerd elsewhere for a registry, and have it say which one it means."""
    return f"""\
server = "{url}"
capabilities = ["pull", "resolve"]
[header]
{HOST_HEADER} = "{host}"
"""
