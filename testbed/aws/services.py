"""Which operation a request asks for, and who answers it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias

from aiohttp import web

from testbed.aws import ecr, sts
from testbed.aws.iam import Iam
from testbed.aws.metadata import Node
from testbed.aws.signature import parse_authorization, verify
from testbed.aws.tokens import Tokens
from testbed.aws.wire import Answer, Asked, RefusedError

_TARGETS = {
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
    "SpencerFrontendService": "ecr-public",
}

Operation: TypeAlias = Callable[[Asked, datetime], Answer]


async def read(request: web.Request) -> Asked:
    """Read a request whole, and name its operation."""
    body = await request.read()
    signed = parse_authorization(request.headers.get("Authorization", ""))
    return Asked(
        operation=_operation(request, body),
        method=request.method,
        url=f"http://{request.host}{request.raw_path}",
        headers=request.headers,
        body=body,
        access_key_id=signed.access_key_id if signed else "",
        region=signed.region if signed else "",
    )


def _operation(request: web.Request, body: bytes) -> str:
    target, _, name = request.headers.get("X-Amz-Target", "").partition(".")
    if target in _TARGETS:
        return f"{_TARGETS[target]}:{name}"
    if request.content_type == "application/x-www-form-urlencoded":
        return f"sts:{sts.parse_form(body).get('Action', '')}"
    if request.path == "/v1/credentials":
        return "eks-auth:AssumeRoleForPodIdentity"
    if request.path == "/latest/api/token":
        return "imds:PutToken"
    return "imds:GetMetadata" if request.path.startswith("/latest/") else "unknown:"


class Services:
    """All operations of the fake, by the names IAM policies use."""

    def __init__(self, iam: Iam, tokens: Tokens, node: Node) -> None:
        def authorize(asked: Asked, now: datetime) -> Answer:
            return ecr.authorize(asked, verify(asked, iam, now=now), tokens, now=now)

        def authorize_public(asked: Asked, now: datetime) -> Answer:
            return ecr.authorize_public(asked, verify(asked, iam, now=now), tokens, now=now)

        def get_caller_identity(asked: Asked, now: datetime) -> Answer:
            return sts.get_caller_identity(asked, verify(asked, iam, now=now))

        def assume_role(asked: Asked, now: datetime) -> Answer:
            return sts.assume_role(asked, verify(asked, iam, now=now), iam, now=now)

        self._operations: Mapping[str, Operation] = {
            "ecr:GetAuthorizationToken": authorize,
            "ecr-public:GetAuthorizationToken": authorize_public,
            "sts:GetCallerIdentity": get_caller_identity,
            "sts:AssumeRole": assume_role,
            "sts:AssumeRoleWithWebIdentity": lambda asked, now: sts.assume_role_with_web_identity(
                asked, iam, now=now
            ),
            "eks-auth:AssumeRoleForPodIdentity": lambda asked, now: node.pod_credentials(
                asked, now=now
            ),
            "imds:PutToken": lambda asked, _: node.metadata_token(asked),
            "imds:GetMetadata": lambda asked, now: node.metadata(asked, now=now),
        }

    def answer(self, asked: Asked, now: datetime) -> Answer:
        """Answer a request.

        Raises:
            RefusedError: the answer is an error.
        """
        operation = self._operations.get(asked.operation)
        if operation is None:
            raise RefusedError("UnknownOperationException", "no such operation", 404)
        return operation(asked, now)
