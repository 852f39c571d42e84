"""The handles of a fake AWS that runs in another process."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp

from testbed.aws.calls import Call, Calls
from testbed.aws.iam import ACCOUNT, AccessKey

_TIMEOUT = aiohttp.ClientTimeout(total=10)  # seconds; it is on the same machine


@dataclass(frozen=True, slots=True)
class RemoteAws:
    """A fake AWS, seen from another process."""

    control_url: str  # `Control.url`

    async def add_access_key(self, account: str = ACCOUNT) -> AccessKey:
        """Create a user with an access key."""
        return AccessKey(**await self._ask("POST", "/access-keys", {"account": account}))

    async def set_token_lifetime(self, lifetime: timedelta) -> None:
        """Change the life of the tokens issued from now on."""
        await self._ask("PUT", "/token-lifetime", lifetime.total_seconds())

    async def calls(self) -> Calls:
        """Read the counters."""
        answer = await self._ask("GET", "/calls")
        calls = Calls(most_in_flight=answer["most_in_flight"])
        for entry in answer["counts"]:
            times = entry.pop("count")
            calls.counts[Call(**entry)] = times
        return calls

    async def reset_counters(self) -> None:
        """Start counting anew."""
        await self._ask("DELETE", "/calls")

    async def misbehave(self, fault: str, **limits: str | int | None) -> None:
        """Answer calls with a fault, by its name.

        Args:
            limits: `operation`, `region`, `access_key_id`, `times`, as of `FakeAws.misbehave`.
        """
        await self._ask("POST", "/faults", {"fault": fault, **limits})

    async def behave(self) -> None:
        """End every fault."""
        await self._ask("DELETE", "/faults")

    async def go_down(self) -> None:
        """Take AWS away."""
        await self._ask("PUT", "/down", True)  # noqa: FBT003 - the body is that one word

    async def come_up(self) -> None:
        """Bring AWS back."""
        await self._ask("PUT", "/down", False)  # noqa: FBT003 - likewise

    async def _ask(self, method: str, path: str, content: object = None) -> Any:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, raise_for_status=True) as session,
            session.request(method, self.control_url + path, json=content) as response,
        ):
            return await response.json()
