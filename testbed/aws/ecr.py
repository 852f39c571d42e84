"""ECR and ECR Public: GetAuthorizationToken."""

import json
import re
from datetime import datetime
from typing import Any

from testbed.aws.hosts import PUBLIC, registry_host
from testbed.aws.iam import AccessKey
from testbed.aws.tokens import RegistryToken, Tokens
from testbed.aws.wire import Answer, Asked, RefusedError, json_answer

_PUBLIC_REGIONS = {"us-east-1", "us-west-2"}  # the only ones with an API of ECR Public
_ACCOUNT = re.compile(r"\d{12}")
_MOST_REGISTRY_IDS = 10  # fixed by ECR, see GetAuthorizationToken


def authorize(asked: Asked, caller: AccessKey, tokens: Tokens, *, now: datetime) -> Answer:
    """Answer `ecr:GetAuthorizationToken`: one entry per registry asked for."""
    accounts = _registry_ids(asked.body) or [caller.account]
    entries = []
    for account in accounts:
        token = tokens.issue(caller.account, asked.region, now=now)
        endpoint = f"https://{registry_host(account, asked.region)}"
        entries.append(_entry(token) | {"proxyEndpoint": endpoint})
    return json_answer({"authorizationData": entries})


def authorize_public(asked: Asked, caller: AccessKey, tokens: Tokens, *, now: datetime) -> Answer:
    """Answer `ecr-public:GetAuthorizationToken`: one object, without an endpoint."""
    if asked.region not in _PUBLIC_REGIONS:
        problem = "GetAuthorizationToken command is only supported in us-east-1."
        raise RefusedError("UnsupportedCommandException", problem)
    token = tokens.issue(caller.account, PUBLIC, now=now)
    return json_answer({"authorizationData": _entry(token)})


def _entry(token: RegistryToken) -> dict[str, Any]:
    return {
        "authorizationToken": token.authorization_token,
        "expiresAt": round(token.expires_at.timestamp(), 3),
    }


def _registry_ids(body: bytes) -> list[str]:
    ids = json.loads(body or b"{}").get("registryIds") or []
    if len(ids) > _MOST_REGISTRY_IDS or not all(_ACCOUNT.fullmatch(name) for name in ids):
        raise RefusedError(
            "InvalidParameterException",
            "Invalid parameter at 'registryIds' failed to satisfy constraint: "
            "'must satisfy regular expression '[0-9]{12}''",
        )
    return list(ids)
