"""Everything the demo plays with, started in the right order and ended in the other."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from testbed.aws.control import Control
from testbed.aws.hosts import registry_host
from testbed.aws.iam import ACCOUNT
from testbed.aws.server import FakeAws
from testbed.control_plane import ControlPlane
from testbed.demo.cluster import Cluster
from testbed.demo.observer import Observer, Subject
from testbed.demo.props import CREDENTIAL, NAMESPACES, REGION, SECRET, Props
from testbed.operator import Operator
from testbed.registry import FakeRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A cluster with the operator in it, and an AWS for it to ask."""

    props: Props
    operator: Operator
    control: Control  # the handles of the fake AWS, for a person with curl


@asynccontextmanager
async def set_stage(control_plane: ControlPlane, life: timedelta) -> AsyncIterator[Stage]:
    """Start the fake AWS, the registry and the operator.

    Args:
        control_plane: with `install.yaml` applied.
        life: of registry tokens.

    Raises:
        ControlPlaneError: the operator does not get ready.
    """
    async with AsyncExitStack() as stack:
        aws = await stack.enter_async_context(FakeAws())
        aws.token_lifetime = life
        registry = await stack.enter_async_context(FakeRegistry(aws))
        control = await stack.enter_async_context(Control(aws))
        cluster = stack.enter_context(Cluster(control_plane))
        logs = ("--log-format", "text")  # shown to a person, when something does not hold
        operator = Operator(control_plane, aws.environment(), arguments=logs)
        await cluster.run(operator.__enter__)
        stack.push(operator.__exit__)
        subject = Subject(
            credential=CREDENTIAL,
            secret_name=SECRET,
            namespaces=NAMESPACES,
            host=registry_host(ACCOUNT, REGION),
        )
        observer = Observer(cluster, aws=aws, registry=registry, subject=subject)
        props = Props(
            cluster=cluster, aws=aws, key=aws.add_access_key(), observer=observer, life=life
        )
        yield Stage(props=props, operator=operator, control=control)
