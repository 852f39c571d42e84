"""Everything the demo plays with, started in the right order and ended in the other."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from testbed.aws import faults
from testbed.aws.control import Control
from testbed.aws.hosts import registry_host
from testbed.aws.iam import ACCOUNT
from testbed.aws.server import FakeAws
from testbed.control_plane import ControlPlane
from testbed.demo.api import Api
from testbed.demo.cluster import Cluster
from testbed.demo.observer import Observer, Scene, Subject
from testbed.demo.places import Imagined, OnNode
from testbed.demo.pods import Place, Pods
from testbed.demo.props import CREDENTIAL, LATENCY, NAMESPACES, REGION, SECRET, Props
from testbed.node.image import Images
from testbed.node.node import Node
from testbed.node.programs import NodePrograms
from testbed.operator import Operator
from testbed.ports import ReservedPort
from testbed.registry import FakeRegistry

_CROWD = 50  # pods, where they only pull
_CROWD_ON_NODE = 8  # a kubelet on two cores that are busy starts three a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A cluster with the operator in it, and an AWS for it to ask."""

    props: Props
    operator: Operator
    control: Control  # the handles of the fake AWS, for a person with curl


@asynccontextmanager
async def set_stage(
    control_plane: ControlPlane, life: timedelta, programs: NodePrograms | None
) -> AsyncIterator[Stage]:
    """Start the fake AWS, the registry, a node and the operator.

    Args:
        control_plane: with `install.yaml` applied.
        life: of registry tokens.
        programs: of a node; None: there is none, pods only pull.

    Raises:
        ControlPlaneError: node or operator do not get ready.
    """
    async with AsyncExitStack() as stack:
        aws = await stack.enter_async_context(FakeAws())
        aws.token_lifetime = life
        aws.misbehave(faults.latency(LATENCY))
        images = Images(programs.workload) if programs else None
        registry = await stack.enter_async_context(FakeRegistry(aws, images))
        control = await stack.enter_async_context(Control(aws))
        cluster = stack.enter_context(Cluster(control_plane))
        operator = Operator(control_plane, aws.environment(), arguments=_arguments())
        await cluster.run(operator.__enter__)
        stack.push(operator.__exit__)
        host = registry_host(ACCOUNT, REGION)
        api = await stack.enter_async_context(Api(control_plane.url, control_plane.tls))
        place: Place = Imagined(api, registry, host=host, secret_name=SECRET)
        if programs:
            node = Node(control_plane, {host: registry.url}, programs=programs)
            await cluster.run(node.__enter__)
            stack.push(node.__exit__)
            place = OnNode(api, registry, host=host)
        pods = Pods(api, place, secret_name=SECRET)
        scene = Scene(cluster=cluster, aws=aws, registry=registry, operator=operator, pods=pods)
        subject = Subject(
            credential=CREDENTIAL, secret_name=SECRET, namespaces=NAMESPACES, host=host
        )
        props = Props(
            cluster=cluster,
            aws=aws,
            key=aws.add_access_key(),
            operator=operator,
            pods=pods,
            observer=Observer(scene, subject),
            life=life,
            crowd=_CROWD_ON_NODE if programs else _CROWD,
        )
        yield Stage(props=props, operator=operator, control=control)


def _arguments() -> tuple[str, ...]:
    """Return flags of the operator, besides those that the testbed gives it."""
    port = ReservedPort()
    port.close()
    return (
        "--log-format",
        "text",  # shown to a person, when something does not hold
        # The webhook is found where it was when the operator is started again, as behind a Service.
        "--webhook-port",
        str(port.number),
        "--webhook-url",
        f"https://127.0.0.1:{port.number}",
    )
