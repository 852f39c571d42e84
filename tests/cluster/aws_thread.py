"""The fake AWS beside tests that block: it has a thread, and an event loop, of its own."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import ClassVar, Self, TypeVar

from testbed.aws.faults import Fault
from testbed.aws.iam import ACCOUNT, AccessKey
from testbed.aws.server import FakeAws
from testbed.node.image import Images
from testbed.registry import FakeRegistry, Visit, pull_check
from tests.cluster.loop_thread import LoopThread

T = TypeVar("T")


class AwsThread:
    """A fake AWS and the registries that open to its tokens, while it is entered."""

    noted: ClassVar[set[AccessKey]] = set()  # of all that there were, for whoever searches for them

    def __init__(self, images: Images | None = None) -> None:
        """Prepare; see `FakeRegistry` about images."""
        self._images = images
        self._thread = LoopThread("fake AWS")
        self._stack = AsyncExitStack()

    def __enter__(self) -> Self:
        self._thread.__enter__()
        self._aws = self._thread.do(self._stack.enter_async_context(FakeAws()))
        registry = FakeRegistry(self._aws, self._images)
        self._registry = self._thread.do(self._stack.enter_async_context(registry))
        return self

    def __exit__(self, *_: object) -> None:
        self.note_keys()
        self._thread.do(self._stack.aclose())
        self._thread.__exit__()

    def ask(self, question: Callable[[FakeAws], T]) -> T:
        """Do something with the fake where it lives, and return what that returns."""

        async def answer() -> T:
            return question(self._aws)

        return self._thread.do(answer())

    def environment(self) -> dict[str, str]:
        """Variables by which the operator finds this AWS."""
        return self.ask(lambda aws: aws.environment())

    def new_key(self, account: str = ACCOUNT) -> AccessKey:
        """Create a user with an access key."""
        key = self.ask(lambda aws: aws.add_access_key(account))
        self.noted.add(key)  # it may be removed
        return key

    def note_keys(self) -> None:
        """Note the keys that there are, those of sessions as well."""
        self.noted.update(self.ask(lambda aws: list(aws.iam.keys.values())))

    def calls(self, key: AccessKey, *, region: str | None = None, result: str | None = None) -> int:
        """Count how often a user asked for a registry token."""
        operation = "GetAuthorizationToken"
        return self.ask(
            lambda aws: aws.count(
                operation=operation, principal=key.principal, region=region, result=result
            )
        )

    def misbehave(self, fault: Fault, key: AccessKey, *, region: str | None = None) -> None:
        """Answer one user with a fault, until `behave`."""
        name = key.access_key_id
        self.ask(lambda aws: aws.misbehave(fault, access_key_id=name, region=region))

    def behave(self) -> None:
        """End every fault."""
        self.ask(lambda aws: aws.behave())

    def set_down(self, *, down: bool) -> None:
        """Take AWS away or bring it back."""
        self.ask(lambda aws: setattr(aws, "down", down))

    def set_token_lifetime(self, lifetime: timedelta) -> None:
        """Change the life of the tokens issued from now on."""
        self.ask(lambda aws: setattr(aws, "token_lifetime", lifetime))

    @property
    def registry_url(self) -> str:
        """Where the registries of every host are."""
        return self._registry.url

    def visits(self) -> list[Visit]:
        """Return the requests to the registries so far, oldest first."""
        return self.ask(lambda _: list(self._registry.visits))

    def pull(self, docker_config: bytes, host: str) -> int:
        """Ask a registry with a pull secret, as a node does; return the HTTP status."""
        return self._thread.do(pull_check(docker_config, host, self._registry.url))
