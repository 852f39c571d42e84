"""What botocore raises, as errors of ours."""

from datetime import datetime

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    CredentialRetrievalError,
    InvalidConfigError,
    MetadataRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
    UnknownCredentialError,
)

from ecr_secrets.aws.refusals import refusal
from ecr_secrets.errors import (
    AwsUnavailableError,
    InvalidSpecError,
    NoAwsIdentityError,
    OperatorError,
)

# What botocore raises while it parses an answer that is not what the service's model says.
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
EXPECTED = (BotoCoreError, ClientError, OSError, *_UNREADABLE)
_NO_IDENTITY = (
    ConfigNotFound,
    ConfigParseError,
    CredentialRetrievalError,
    InvalidConfigError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
    UnknownCredentialError,
)


def operator_error(error: Exception, *, what: str, now: datetime) -> OperatorError:
    """Translate what botocore raised.

    Args:
        what: the call, for the message: operation and region.
        now: our clock, to compare with AWS' when a signature is refused.
    """
    if isinstance(error, ClientError):
        return refusal(error, what=what, now=now)
    if isinstance(error, _NO_IDENTITY):
        return NoAwsIdentityError(
            f"the AWS identity in the operator's environment is unusable: {_kind(error)}"
        )
    if isinstance(error, ParamValidationError):  # the only parameters we pass are these two
        problem = "roleArn or externalId does not have the form that AWS asks for"
        return InvalidSpecError("spec.awsAccess", problem)
    if isinstance(error, BotoCoreError):
        return AwsUnavailableError(f"{what}: no proper answer: {_kind(error)}")
    if isinstance(error, OSError):  # the file of a web identity token, a credential process
        problem = error.strerror or _kind(error)
        return NoAwsIdentityError(f"the AWS identity cannot be read: {error.filename}: {problem}")
    return AwsUnavailableError(f"{what}: unexpected, or not to be understood: {_kind(error)}")


def _kind(error: Exception) -> str:
    return type(error).__name__
