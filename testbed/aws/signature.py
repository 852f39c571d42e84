"""Verifies the signature of a request (AWS Signature Version 4), date and session included."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from testbed.aws.hosts import partition_of
from testbed.aws.iam import AccessKey, Iam
from testbed.aws.wire import Asked, RefusedError

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/"
    r"(?P<service>[^/]+)/aws4_request, SignedHeaders=(?P<headers>[^,]+), "
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_SKEW = timedelta(minutes=5)  # how far a client's clock may be off
_NEVER_UNSIGNED = {"host", "x-amz-date"}

_INVALID_TOKEN = "The security token included in the request is invalid."
_EXPIRED_TOKEN = "The security token included in the request is expired"
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """The parts of an `Authorization` header."""

    access_key_id: str
    day: str
    region: str
    service: str
    signed_headers: frozenset[str]
    signature: str


def parse_authorization(header: str) -> Authorization | None:
    """Read an `Authorization` header; None: it is absent or no AWS signature."""
    match = _AUTHORIZATION.fullmatch(header)
    if match is None:
        return None
    return Authorization(
        access_key_id=match["key"],
        day=match["day"],
        region=match["region"],
        service=match["service"],
        signed_headers=frozenset(match["headers"].split(";")),
        signature=match["signature"],
    )


def verify(asked: Asked, iam: Iam, *, now: datetime) -> AccessKey:
    """Return the key that signed the request.

    Raises:
        RefusedError: with AWS' code and words, whatever is wrong with the signature.
    """
    signed = parse_authorization(asked.headers.get("Authorization", ""))
    if signed is None:
        raise RefusedError(
            "MissingAuthenticationTokenException", "Missing Authentication Token", 403
        )
    key = iam.keys.get(signed.access_key_id)
    if key is None or asked.headers.get("X-Amz-Security-Token") != key.session_token:
        raise RefusedError("UnrecognizedClientException", _INVALID_TOKEN)
    if key.expires_at is not None and key.expires_at <= now:
        raise RefusedError("ExpiredTokenException", _EXPIRED_TOKEN)
    _check_scope(signed, asked.service)
    _check_date(asked.headers.get("X-Amz-Date", ""), signed.day, now)
    if not _signature_matches(asked, signed, key):
        raise RefusedError("InvalidSignatureException", _MISMATCH)
    return key


def _check_scope(signed: Authorization, service: str) -> None:
    if signed.service != service:
        problem = f"Credential should be scoped to correct service: '{service}'. "
        raise RefusedError("InvalidSignatureException", problem)
    if partition_of(signed.region) is None:
        raise RefusedError(
            "InvalidSignatureException", "Credential should be scoped to a valid region. "
        )


def _check_date(header: str, day: str, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(header, SIGV4_TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        raise RefusedError(
            "IncompleteSignatureException", "Date must be in ISO-8601 'basic format'."
        ) from None
    if not header.startswith(day):
        raise RefusedError(
            "InvalidSignatureException", "Date in Credential scope does not match YYYYMMDD."
        )
    oldest, newest = now - _SKEW, now + _SKEW
    server = now.strftime(SIGV4_TIMESTAMP)
    if signed_at < oldest:
        limit = oldest.strftime(SIGV4_TIMESTAMP)
        problem = f"Signature expired: {header} is now earlier than {limit} ({server} - 5 min.)"
        raise RefusedError("InvalidSignatureException", problem)
    if signed_at > newest:
        limit = newest.strftime(SIGV4_TIMESTAMP)
        problem = f"Signature not yet current: {header} is still later than {limit} "
        raise RefusedError("InvalidSignatureException", f"{problem}({server} + 5 min.)")


def _signature_matches(asked: Asked, signed: Authorization, key: AccessKey) -> bool:
    """Sign the request ourselves, with botocore, and compare."""
    claimed_hash = asked.headers.get("X-Amz-Content-SHA256")
    if claimed_hash not in {None, hashlib.sha256(asked.body).hexdigest()}:
        return False
    needed = set(_NEVER_UNSIGNED)
    if key.session_token is not None:
        needed.add("x-amz-security-token")
    if not needed <= signed.signed_headers:
        return False
    headers = {name: asked.headers.get(name, "") for name in signed.signed_headers}
    request = AWSRequest(method=asked.method, url=asked.url, data=asked.body, headers=headers)
    request.context["timestamp"] = headers["x-amz-date"]
    credentials = Credentials(key.access_key_id, key.secret_access_key, key.session_token)
    signer = SigV4Auth(credentials, signed.service, signed.region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return hmac.compare_digest(signer.signature(text, request), signed.signature)
