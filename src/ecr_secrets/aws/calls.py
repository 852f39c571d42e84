"""Every call to AWS passes here: its failure in our words, its result and duration as metrics."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from ecr_secrets import metrics
from ecr_secrets.aws.failures import EXPECTED, operator_error
from ecr_secrets.errors import OperatorError


@contextmanager
def translated(what: str, clock: Callable[[], datetime]) -> Iterator[None]:
    """Raise errors of ours instead of botocore's.

    Args:
        what: the call, for the message.
    """
    try:
        yield
    except OperatorError:
        raise
    except EXPECTED as error:
        # Not chained: AWS' own words may repeat what was signed, session token included.
        raise operator_error(error, what=what, now=clock()) from None


@contextmanager
def counted(operation: str) -> Iterator[None]:
    """Count a call by its result, and measure it."""
    result = "success"
    begun = time.perf_counter()
    try:
        yield
    except OperatorError as error:
        result = error.reason
        raise
    finally:
        metrics.aws_requests_total.labels(operation, result).inc()
        duration = time.perf_counter() - begun
        metrics.aws_request_duration_seconds.labels(operation).observe(duration)
