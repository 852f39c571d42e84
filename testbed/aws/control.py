"""Turns the handles of a `FakeAws` over HTTP, for another process or a person with curl.

On a port of its own, so that AWS can be brought back when it is down.

    GET, DELETE /calls                 the counters; start counting anew
    PUT         /down                  true or false
    PUT         /token-lifetime        seconds
    POST        /access-keys           {"account": "111122223333"}
    POST        /faults                {"fault": "throttled", "region": "eu-west-1", "times": 3}
    GET, DELETE /faults                the names to choose from; behave again
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Self

from aiohttp import web

from testbed.aws import faults
from testbed.aws.iam import ACCOUNT
from testbed.aws.nonsense import NONSENSE
from testbed.aws.port import Port
from testbed.aws.server import FakeAws

FAULTS: Mapping[str, faults.Fault] = {
    fault.name: fault
    for fault in (
        *faults.REFUSALS, *faults.BODIES, *faults.DELIVERIES, faults.HUGE_BODY, *NONSENSE
    )
}  # fmt: skip


class Control:
    """The handles of one fake, at `url` while it is entered."""

    def __init__(self, aws: FakeAws) -> None:
        self._aws = aws
        self._port = Port(self._handle)
        self._routes: Mapping[tuple[str, str], Callable[[Any], object]] = {
            ("GET", "/calls"): lambda _: self._calls(),
            ("DELETE", "/calls"): lambda _: aws.reset_counters(),
            ("PUT", "/down"): self._set_down,
            ("PUT", "/token-lifetime"): self._set_token_lifetime,
            ("POST", "/access-keys"): self._add_access_key,
            ("POST", "/faults"): self._misbehave,
            ("GET", "/faults"): lambda _: sorted(FAULTS),
            ("DELETE", "/faults"): lambda _: aws.behave(),
        }

    async def __aenter__(self) -> Self:
        await self._port.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._port.__aexit__()

    @property
    def url(self) -> str:
        """Where the handles are."""
        return self._port.url

    async def _handle(self, request: web.Request) -> web.Response:
        route = self._routes.get((request.method, request.path))
        if route is None:
            return web.json_response({"error": "no such handle"}, status=404)
        try:
            result = route(json.loads(await request.read() or b"{}"))
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response(result)

    def _calls(self) -> dict[str, object]:
        calls = self._aws.calls
        counts = [asdict(call) | {"count": times} for call, times in calls.counts.items()]
        return {"counts": counts, "most_in_flight": calls.most_in_flight}

    def _set_down(self, down: object) -> None:
        if not isinstance(down, bool):
            raise TypeError("true or false is needed")
        self._aws.down = down

    def _set_token_lifetime(self, seconds: float) -> None:
        self._aws.token_lifetime = timedelta(seconds=seconds)

    def _add_access_key(self, asked: Mapping[str, str]) -> dict[str, object]:
        key = self._aws.add_access_key(asked.get("account", ACCOUNT))
        return {
            "access_key_id": key.access_key_id,
            "secret_access_key": key.secret_access_key,
            "account": key.account,
        }

    def _misbehave(self, asked: Mapping[str, Any]) -> None:
        self._aws.misbehave(
            FAULTS[asked["fault"]],
            operation=asked.get("operation", "GetAuthorizationToken"),
            region=asked.get("region"),
            access_key_id=asked.get("access_key_id"),
            times=asked.get("times"),
        )
