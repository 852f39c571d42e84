"""What a node offers to its workloads: EKS Pod Identity, and instance metadata (IMDSv2)."""

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from testbed.aws.iam import AccessKey, Iam
from testbed.aws.wire import Answer, Asked, RefusedError, json_answer

_ROLES = "/latest/meta-data/iam/security-credentials/"
_ZONE = "/latest/meta-data/placement/availability-zone"


@dataclass(slots=True)
class Node:
    """The machine that a workload runs on."""

    iam: Iam
    region: str = "us-east-1"
    role_arn: str | None = None  # instance profile; None: the machine has none
    _metadata_tokens: set[str] = field(default_factory=set, repr=False)

    def pod_credentials(self, asked: Asked, *, now: datetime) -> Answer:
        """Answer the Pod Identity agent's `GET /v1/credentials`."""
        role_arn = self.iam.pods.get(asked.headers.get("Authorization", ""))
        if role_arn is None:
            raise RefusedError("AccessDeniedException", "Unauthorized Exception", 401)
        return json_answer(self._session(role_arn, now))

    def metadata_token(self, asked: Asked) -> Answer:
        """Answer `PUT /latest/api/token`, the first step of IMDSv2."""
        if not asked.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "").isdigit():
            raise RefusedError("BadRequest", "ttl is missing", 400)
        token = secrets.token_urlsafe(40)
        self._metadata_tokens.add(token)
        return _text(token)

    def metadata(self, asked: Asked, *, now: datetime) -> Answer:
        """Answer a `GET` below `/latest/`: the role, its credentials, the region."""
        if asked.headers.get("X-aws-ec2-metadata-token") not in self._metadata_tokens:
            raise RefusedError("Unauthorized", "the metadata token is missing or unknown", 401)
        path = urlsplit(asked.url).path
        plain = {
            _ZONE: f"{self.region}a",
            f"{_ZONE}/": f"{self.region}a",  # botocore asks with a slash
            "/latest/meta-data/placement/region": self.region,
            "/latest/dynamic/instance-identity/document": json.dumps({"region": self.region}),
        }
        if path in plain:
            return _text(plain[path])
        if self.role_arn is None or not path.startswith(_ROLES):
            raise RefusedError("NotFound", "no such metadata", 404)
        name = self.role_arn.rpartition("/")[2]
        if path == _ROLES:
            return _text(name)
        if path != _ROLES + name:
            raise RefusedError("NotFound", "no such role", 404)
        return json_answer({"Code": "Success", **self._session(self.role_arn, now)})

    def _session(self, role_arn: str, now: datetime) -> dict[str, str]:
        lifetime = self.iam.session_lifetime
        session = self.iam.open_session(self.iam.roles[role_arn], now=now, lifetime=lifetime)
        return _document(session)


def _document(session: AccessKey) -> dict[str, str]:
    assert session.expires_at is not None
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "Token": session.session_token or "",
        "Expiration": session.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _text(content: str) -> Answer:
    return Answer(content_type="text/plain", body=content.encode())
