"""The one tree of errors: what can go wrong, under the reason that users meet everywhere.

Adapters translate a library's exceptions into these. A message states the fact, lower case, no
full stop, the name first, and never holds secret material.
"""

from datetime import timedelta
from typing import ClassVar


class OperatorError(Exception):
    """Base class; catch it only where the operator decides what to do next."""

    reason: ClassVar[str]  # CamelCase: shown in condition, Event, log and metric
    retry: ClassVar[bool]  # whether waiting, with nothing else changed, can help


class ConfigurationError(OperatorError):
    """A flag, an environment variable or a kubeconfig is wrong; the process does not start."""

    reason = "InvalidConfiguration"
    retry = False


class InternalError(OperatorError):
    """A bug of ours; the log has its traceback."""

    reason = "InternalError"
    retry = True


class InvalidSpecError(OperatorError):
    """A field of an `AWSECRCredential` cannot be accepted."""

    reason = "InvalidSpec"
    retry = False

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path


class InvalidReviewError(OperatorError):
    """What the webhook was sent is not an AdmissionReview of a pod."""

    reason = "InvalidReview"
    retry = False


# The Kubernetes API.


class UnavailableError(OperatorError):
    """The API server did not answer properly; the same call may work later."""

    reason = "ApiServerUnavailable"
    retry = True


class ThrottledError(UnavailableError):
    """The API server asked for patience (429) for longer than the call's deadline allows."""

    reason = "ApiServerThrottled"

    def __init__(self, message: str, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnauthorizedError(OperatorError):
    """The API server does not know who we are (401), also after the token was read again."""

    reason = "Unauthorized"
    retry = True


class ForbiddenError(OperatorError):
    """The API server knows us and says no (403): a rule is missing."""

    reason = "Forbidden"
    retry = True


class NamespaceTerminatingError(ForbiddenError):
    """Nothing can be created in a namespace that is being deleted (403 with that cause)."""

    reason = "NamespaceTerminating"


class NotFoundError(OperatorError):
    """The object, its namespace or its kind does not exist (404)."""

    reason = "NotFound"
    retry = True


class ConflictError(OperatorError):
    """The object changed in between, or a field of it belongs to somebody else (409)."""

    reason = "Conflict"
    retry = True


class ContestedError(OperatorError):
    """Somebody else changes or deletes what we write again and again."""

    reason = "Contested"
    retry = True


class GoneError(OperatorError):
    """The resource version asked for is no longer kept (410): list anew."""

    reason = "Gone"
    retry = True


class RejectedError(OperatorError):
    """The API server understood the request and refused its content (400, 413, 422, ...)."""

    reason = "Rejected"
    retry = True


# AWS.


class AwsAccessNotFoundError(OperatorError):
    """The Secret named by `spec.awsAccess` does not exist; its arrival is watched for."""

    reason = "AwsAccessNotFound"
    retry = False


class InvalidAwsAccessError(OperatorError):
    """The Secret named by `spec.awsAccess` holds something that cannot be an AWS access."""

    reason = "InvalidAwsAccess"
    retry = False


class NoAwsIdentityError(OperatorError):
    """`spec.awsAccess` is absent and the operator's own environment offers no AWS identity."""

    reason = "NoAwsIdentity"
    retry = True


class NoRegionError(OperatorError):
    """Neither the object, nor its AWS access, nor the environment names a region."""

    reason = "NoRegion"
    retry = False


class AccessDeniedError(OperatorError):
    """AWS knows us and says no, or does not know us at all."""

    reason = "AccessDenied"
    retry = True


class AwsUnavailableError(OperatorError):
    """AWS did not answer properly; the same call may work later."""

    reason = "AwsUnavailable"
    retry = True


class AwsThrottledError(AwsUnavailableError):
    """AWS asked for patience."""

    reason = "AwsThrottled"


class InvalidTokenError(OperatorError):
    """ECR's answer is not a registry token that can be used."""

    reason = "InvalidRegistryToken"
    retry = True
