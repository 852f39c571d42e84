"""`python -m testbed up`: everything started, for experiments in a second terminal."""

import asyncio
import shlex
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

from testbed.aws.server import FakeAws
from testbed.control_plane import ControlPlane
from testbed.registry import FakeRegistry

_CRD = Path(__file__).parents[1] / "manifests" / "crd.yaml"
_REGION = "us-east-1"

_NEXT = """\
# Paste these lines into another terminal. Then, for example:
#   kubectl create secret generic aws-access --from-literal=AWS_REGION=$AWS_REGION \\
#     --from-literal=AWS_ACCESS_KEY_ID=$AWS_ACCESS_KEY_ID \\
#     --from-literal=AWS_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY
#   ecr-secrets run
# Everything ends, and is removed, with Ctrl-C here."""


def up() -> None:
    """Run control plane, fake AWS and registry until SIGINT or SIGTERM."""
    # The manifest is generated; a checkout without it gets a cluster without our kind.
    manifests = [_CRD] if _CRD.exists() else []
    with ControlPlane(manifests=manifests) as control_plane:
        asyncio.run(_serve(control_plane))
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # impatience must not cut the closing short


async def _serve(control_plane: ControlPlane) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with FakeAws() as aws, FakeRegistry(aws) as registry:
        key = aws.add_access_key()
        variables = {
            "KUBECONFIG": str(control_plane.kubeconfig),
            **aws.environment(),
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
            "AWS_REGION": _REGION,
            "AWS_DEFAULT_REGION": _REGION,
            "TESTBED_REGISTRY_URL": registry.url,
        }
        for line in _exports(variables, control_plane.programs.kubectl):
            print(line)
        print(_NEXT, flush=True)
        await ended.wait()


def _exports(variables: Mapping[str, str], kubectl: Path | None) -> Iterator[str]:
    for name, value in variables.items():
        yield f"export {name}={shlex.quote(value)}"
    if kubectl is not None:
        yield f'export PATH={shlex.quote(str(kubectl.parent))}:"$PATH"'
