"""Two replicas of the operator behind one address, as in the cluster."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Self

from testbed.operator import NAMESPACE, Operator
from testbed.waiting import wait_for
from tests.cluster.replicas.balancer import Balancer, Member
from tests.cluster.replicas.cluster import Cluster
from tests.cluster.replicas.pods import Created, create_pod
from tests.cluster.replicas.way import Way

LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/kube-ecr-secrets-operator"
RELEASED = timedelta(seconds=8)  # 3 s is promised; a Lease that was not released takes twice this
EXPIRED = timedelta(seconds=30)  # 20 s are promised
_SOON = timedelta(seconds=20)


class Pair:
    """Two replicas while it is entered, named `a` and `b` in the Lease."""

    def __init__(self, cluster: Cluster, *arguments: str, with_ways: bool = False) -> None:
        """Choose what to run.

        Args:
            cluster: where.
            arguments: flags of both.
            with_ways: whether each has a way of its own to the API server.
        """
        self.cluster = cluster
        self._arguments = arguments
        self._with_ways = with_ways
        self.ways: dict[str, Way] = {}

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        try:
            self.balancer = self._stack.enter_context(Balancer())
            self.replicas = {name: self._enter(name) for name in "ab"}
            self.until_whole()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _enter(self, name: str, environment: Mapping[str, str] | None = None) -> Operator:
        url = f"https://127.0.0.1:{self.balancer.port}"
        flags = [*self._arguments, "--identity", name, "--webhook-url", url]
        if self._with_ways:
            self.ways[name] = self._stack.enter_context(Way(self.cluster, name))
            flags += ["--kubeconfig", str(self.ways[name].kubeconfig())]
        cluster = self.cluster
        variables = {**cluster.aws.environment(), **(environment or {})}
        operator = Operator(cluster.control_plane, variables, arguments=flags)
        self._stack.enter_context(operator)
        self._join(operator)
        return operator

    # Who is who.

    def holder(self) -> str:
        """Name who leads according to the Lease; "": nobody."""
        status, lease = self.cluster.control_plane.request("GET", LEASE)
        return str(lease["spec"].get("holderIdentity", "")) if status == 200 else ""

    def leader(self) -> Operator:
        """Return the replica that leads."""
        return self.replicas[self.holder()]

    def follower(self) -> Operator:
        """Return the replica that stands by."""
        return self.other(self.leader())

    def other(self, operator: Operator) -> Operator:
        """Return the one that this is not."""
        (other,) = (each for each in self.replicas.values() if each is not operator)
        return other

    def leaders(self) -> list[str]:
        """Name the replicas that say of themselves that they lead."""
        return [
            name
            for name, each in self.replicas.items()
            if each.process.exit_code is None and each.metrics()["ecr_secrets_leader"]
        ]

    def until_led_by(self, operator: Operator, within: timedelta) -> None:
        """Wait until a replica says that it leads."""
        wait_for("it leads", lambda: operator.metrics()["ecr_secrets_leader"] == 1, within)

    # What befalls them.

    def stop(self, operator: Operator) -> int:
        """Stop a replica as a rollout does: no new connections, then SIGTERM; its exit code."""
        self.balancer.leave(operator.webhook_port)
        return operator.stop()

    def kill(self, operator: Operator) -> None:
        """End a replica as a crash would."""
        operator.kill()
        self.balancer.leave(operator.webhook_port)

    def start(self, operator: Operator) -> None:
        """Start a replica anew, and wait until it answers pods."""
        operator.start()
        self._join(operator)

    def restart(self) -> None:
        """Stop both, then start both: for a moment there is none."""
        for operator in self.replicas.values():
            self.stop(operator)
        for operator in self.replicas.values():
            self.start(operator)

    def replace(self, old: str, new: str, environment: Mapping[str, str]) -> None:
        """Have a new replica take the place of an old one, which goes when the new one serves.

        Args:
            old: name of the one to go.
            new: name of the one to come, which no other has had.
            environment: variables that make it another program.
        """
        self.replicas[new] = self._enter(new, environment)
        code = self.stop(self.replicas.pop(old))
        assert code == 0

    def create_pod(self, namespace: str) -> Created:
        """Create a pod that names the pull secret of its namespace."""
        return create_pod(self.cluster, namespace)

    @contextmanager
    def frozen(self, operator: Operator) -> Iterator[None]:
        """Keep a replica from doing anything, connections kept open."""
        operator.process.pause()
        try:
            yield
        finally:
            operator.process.resume()

    def until_whole(self) -> None:
        """Bring back who is gone, and wait until both serve and one leads."""
        for operator in self.replicas.values():
            if operator.process.exit_code is not None:
                self.start(operator)
        wait_for("one leads", lambda: self.leaders() == [self.holder()], EXPIRED)

    def _join(self, operator: Operator) -> None:
        port = operator.webhook_port
        self.balancer.join(Member(port, operator.health_url))
        wait_for("it gets connections", lambda: self.balancer.is_ready(port), _SOON)
