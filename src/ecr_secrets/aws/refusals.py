"""What AWS refuses, in our words: the code of its error, and what to do about it.

AWS' own messages stay out: some repeat what was signed, session token included.
"""

import re
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from botocore.exceptions import ClientError

from ecr_secrets.errors import (
    AccessDeniedError,
    AwsThrottledError,
    AwsUnavailableError,
    OperatorError,
)

_SKEW_LIMIT = timedelta(minutes=5)  # Signature Version 4: a request's date may be off by this much
_CODE = re.compile(r"[A-Za-z0-9.]{1,64}")

_NO_SUCH_KEY = (
    "AWS does not know this access key: it was deleted or deactivated, belongs to another "
    "partition, or is used without its own session token; put a valid key in its place"
)
_MISMATCH = "the secret access key does not belong to the access key id; put both in anew"
_EXPIRED = "the session has expired; put a new access key with its session token in its place"
_NOT_OPTED_IN = "the region is not enabled for this account; enable it or name another one"
_UNTRUSTED = (
    "AWS does not accept the web identity token; check the trust policy of the role and the "
    "identity provider of the cluster"
)
_REMEDIES = {
    "UnrecognizedClientException": _NO_SUCH_KEY,
    "InvalidClientTokenId": _NO_SUCH_KEY,
    "AuthFailure": _NO_SUCH_KEY,
    "MissingAuthenticationTokenException": _NO_SUCH_KEY,
    "MissingAuthenticationToken": _NO_SUCH_KEY,
    "InvalidSignatureException": _MISMATCH,
    "SignatureDoesNotMatch": _MISMATCH,
    "IncompleteSignature": _MISMATCH,
    "IncompleteSignatureException": _MISMATCH,
    "ExpiredTokenException": _EXPIRED,
    "ExpiredToken": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "OptInRequired": _NOT_OPTED_IN,
    "RegionDisabledException": _NOT_OPTED_IN,
    "SubscriptionRequiredException": _NOT_OPTED_IN,
    "InvalidIdentityToken": _UNTRUSTED,
    "IDPRejectedClaim": _UNTRUSTED,
    "ValidationError": "AWS does not accept the role ARN or the external id; correct them",
}
_NOT_ALLOWED = frozenset(
    {"AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation"}
)
_PERMISSIONS = {
    "GetAuthorizationToken": "allow ecr:GetAuthorizationToken on * for this identity",
    "AssumeRole": (
        "allow sts:AssumeRole on the role for this identity, and let the trust policy of the role "
        "name it, with the same external id if it asks for one"
    ),
    "AssumeRoleWithWebIdentity": (
        "let the trust policy of the role name the ServiceAccount of the operator"
    ),
}
# Of the codes that the AWS SDKs take for throttling, those that have no service's name.
_THROTTLING = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)


def refusal(error: ClientError, *, what: str, now: datetime) -> OperatorError:
    """Translate an error that AWS answered with.

    Args:
        what: the call, for the message: operation and region.
        now: our clock, to compare with AWS' when a signature is refused.
    """
    metadata = error.response.get("ResponseMetadata", {})
    status = metadata.get("HTTPStatusCode", 0)
    code = str(error.response.get("Error", {}).get("Code", ""))
    if not _CODE.fullmatch(code) or code.isdigit():
        code = f"HTTP {status}"
    if code in _THROTTLING or status == 429:
        return AwsThrottledError(f"{what}: {code}: AWS asks for patience")
    remedy = _remedy(code, error.operation_name)
    if remedy is None:
        return AwsUnavailableError(f"{what}: AWS answered {code}")
    skew = _skew(metadata.get("HTTPHeaders", {}).get("date", ""), now)
    if remedy in {_MISMATCH, _EXPIRED} and skew is not None:
        return AccessDeniedError(f"{what}: {code}: {skew}; set the clock of the node right")
    return AccessDeniedError(f"{what}: {code}: {remedy}")


def _remedy(code: str, operation: str) -> str | None:
    """Say what to do about a refusal; None: AWS did not refuse, something else is wrong."""
    if code in _NOT_ALLOWED:
        return _PERMISSIONS.get(operation, f"allow {operation} for this identity")
    return _REMEDIES.get(code)


def _skew(date: str, now: datetime) -> str | None:
    """Say how far our clock is off; None: within what AWS accepts, or not known."""
    try:
        skew = now - parsedate_to_datetime(date)
    except (TypeError, ValueError):  # no date, or one without a time zone
        return None
    if abs(skew) <= _SKEW_LIMIT:
        return None
    minutes = round(abs(skew) / timedelta(minutes=1))
    return f"our clock is {minutes} min {'ahead of' if skew > timedelta() else 'behind'} AWS'"
