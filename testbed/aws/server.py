"""`FakeAws`: the fake on its port, and the handles a test turns."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Self

from aiohttp import web

from testbed.aws.calls import Call, Calls
from testbed.aws.delivery import deliver
from testbed.aws.faults import Fault
from testbed.aws.iam import ACCOUNT, AccessKey, Iam, Role
from testbed.aws.metadata import Node
from testbed.aws.misbehaviour import Misbehaviour
from testbed.aws.port import Port
from testbed.aws.services import Services, read
from testbed.aws.tokens import Tokens, Verdict
from testbed.aws.wire import Answer, Asked, Refusal, RefusedError, refusal_answer, utc_now

_GOOD = Fault(name="ok")


class FakeAws:
    """AWS on a port of loopback, from `async with FakeAws() as aws` on.

    Belongs to one event loop; other threads and processes use `remote.RemoteAws`. `iam` knows who
    exists, `tokens` what was issued, `node` what a workload's machine offers, `calls` what was
    asked. The clock may be replaced at any time, to be wrong about it.
    """

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self.clock = clock
        self.iam = Iam()
        self.tokens = Tokens()
        self.node = Node(self.iam)
        self.calls = Calls()
        self._services = Services(self.iam, self.tokens, self.node)
        self._misbehaviour = Misbehaviour()
        self._port = Port(self._handle)

    async def __aenter__(self) -> Self:
        await self._port.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._port.__aexit__()

    # Reaching it.

    @property
    def endpoint_url(self) -> str:
        """Where all of its services are."""
        return self._port.url

    def environment(self) -> dict[str, str]:
        """Environment variables by which every SDK of AWS finds this one."""
        names = ("AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL_ECR_PUBLIC", "AWS_ENDPOINT_URL_STS")
        return dict.fromkeys(names, self.endpoint_url)

    def pod_environment(self) -> dict[str, str]:
        """Variables of a pod under EKS Pod Identity, but for the one of its token."""
        return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self.endpoint_url}/v1/credentials"}

    def instance_environment(self) -> dict[str, str]:
        """Variables by which an SDK finds the instance metadata here."""
        return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self.endpoint_url}

    # Who exists, and what they may.

    def add_access_key(self, account: str = ACCOUNT) -> AccessKey:
        """Create a user with an access key."""
        return self.iam.add_access_key(account)

    def remove_access_key(self, key: AccessKey | str) -> None:
        """Delete a key; what it was given before stays valid, as it does at AWS."""
        self.iam.remove_access_key(key)

    def add_role(
        self, arn: str, *, external_id: str | None = None, trusts: Collection[str] = ()
    ) -> Role:
        """Create or replace a role; see `Iam.add_role`."""
        return self.iam.add_role(arn, external_id=external_id, trusts=trusts)

    def share(self, owner: str, *, reader: str | None = None) -> None:
        """Open the registries of an account to another one; None: to everybody."""
        self.tokens.share(owner, reader=reader)

    @property
    def token_lifetime(self) -> timedelta:
        """Life of the tokens issued from now on; 12 h at AWS."""
        return self.tokens.lifetime

    @token_lifetime.setter
    def token_lifetime(self, lifetime: timedelta) -> None:
        self.tokens.lifetime = lifetime

    def verdict(self, password: str, host: str) -> Verdict:
        """Judge a password shown to the registry of that host, now."""
        return self.tokens.verdict(password, host, now=self.clock())

    # Counting.

    def count(
        self,
        *,
        operation: str | None = None,
        principal: str | None = None,
        region: str | None = None,
        result: str | None = None,
    ) -> int:
        """Count the calls since the last reset; see `Calls.count`."""
        return self.calls.count(
            operation=operation, principal=principal, region=region, result=result
        )

    def reset_counters(self) -> None:
        """Start counting anew."""
        self.calls.reset()

    # Misbehaving.

    def misbehave(
        self,
        fault: Fault,
        *,
        operation: str | None = "GetAuthorizationToken",
        region: str | None = None,
        access_key_id: str | None = None,
        times: int | None = None,
    ) -> None:
        """Answer calls with a fault; of several that fit, the one asked for first.

        Args:
            operation: with its service (`sts:AssumeRole`) or without; None: every one.
            region: None: any.
            access_key_id: or a role's ARN; None: any.
            times: how many calls; None: until `behave`.
        """
        self._misbehaviour.add(
            fault, operation=operation, region=region, access_key_id=access_key_id, times=times
        )

    def behave(self) -> None:
        """End every fault: what hangs is answered at once, late but well."""
        self._misbehaviour.end()

    @property
    def down(self) -> bool:
        """Whether AWS is away: every connection, open or new, is reset."""
        return self._port.down

    @down.setter
    def down(self, down: bool) -> None:
        self._port.down = down

    # Answering.

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        with self.calls.flight():
            asked = await read(request)
            key = self.iam.keys.get(asked.access_key_id)
            principal = key.principal if key else asked.access_key_id
            names = {asked.access_key_id, principal}
            fault = self._misbehaviour.take(asked.operation, asked.region, names)
            if fault is not None:
                self._count(asked, principal, fault.name)
                await self._misbehaviour.endure(fault)
            answer, result = self._answer(asked, fault or _GOOD)
            if fault is None:
                self._count(asked, principal, result)
            # By this date clients find out that their own clock is wrong.
            date = {"Date": format_datetime(self.clock(), usegmt=True)}
            dated = replace(answer, headers={**date, **answer.headers})
            return await deliver(request, dated, (fault or _GOOD).delivery)

    def _answer(self, asked: Asked, fault: Fault) -> tuple[Answer, str]:
        """Return the answer, and the result it counts under when no fault was asked for."""
        if isinstance(fault.instead, Refusal):
            return refusal_answer(fault.instead, service=asked.service), fault.name
        if fault.instead is not None:
            return fault.instead, fault.name
        try:
            answer = self._services.answer(asked, self.clock())
        except RefusedError as error:
            return refusal_answer(error.refusal, service=asked.service), error.refusal.code
        return fault.spoil(answer), fault.name

    def _count(self, asked: Asked, principal: str, result: str) -> None:
        call = Call(
            operation=asked.operation, principal=principal, region=asked.region, result=result
        )
        self.calls.counts[call] += 1
