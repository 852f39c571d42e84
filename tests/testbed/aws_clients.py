"""Real AWS clients pointed at the fake, and what became of a call."""

import asyncio
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from testbed.aws.iam import AccessKey
from testbed.aws.server import FakeAws

REGION = "eu-west-1"
_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})


def a_client(
    aws: FakeAws, service: str, key: AccessKey, *, region: str = REGION, secret: str | None = None
) -> Any:
    """Make botocore's client of a service.

    Args:
        secret: instead of the key's own.
    """
    return _session().create_client(
        service,
        region_name=region,
        endpoint_url=aws.endpoint_url,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=secret or key.secret_access_key,
        aws_session_token=key.session_token,
        config=_CONFIG,
    )


@cache
def _session() -> botocore.session.Session:
    """Read botocore's models once; they take most of a call's time."""
    return botocore.session.Session()


async def ask(client: Any, method: str, **parameters: Any) -> dict[str, Any]:
    """Call a method off the event loop, on which the fake must answer meanwhile."""
    try:
        answer: dict[str, Any] = await asyncio.to_thread(getattr(client, method), **parameters)
        return answer
    finally:
        client.close()


async def outcome(client: Any, method: str = "get_authorization_token", **parameters: Any) -> str:
    """Call a method; say `ok`, AWS' error code, or the name of what botocore raised."""
    try:
        await ask(client, method, **parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except Exception as error:  # noqa: BLE001 - what an answer leads to is what a test compares
        return type(error).__name__
    return "ok"


def session_key(answer: dict[str, Any]) -> AccessKey:
    """Read the temporary key out of an answer of STS."""
    keys = answer["Credentials"]
    return AccessKey(
        access_key_id=keys["AccessKeyId"],
        secret_access_key=keys["SecretAccessKey"],
        account=answer["AssumedRoleUser"]["Arn"].split(":")[4],
        session_token=keys["SessionToken"],
        expires_at=keys["Expiration"],
    )
