"""The API server hangs at the worst moment: the operator has a new token and writes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from testbed.aws import faults
from testbed.aws.iam import AccessKey
from tests.cluster.stage import Stage

_ASKED = 'ecr_secrets_aws_requests_total{operation="GetAuthorizationToken",result="success"}'
_ANSWER = timedelta(seconds=1)  # long enough to pause etcd in between


@contextmanager
def paused_at_a_write(stage: Stage) -> Iterator[AccessKey]:
    """Pause etcd while the operator waits for AWS, and let it answer again on leaving.

    Yields:
        A new key, whose token the operator is about to write or writes already.
    """
    before = stage.operator.metrics().get(_ASKED, 0)
    key = stage.aws.new_key()
    stage.aws.misbehave(faults.latency(_ANSWER), key)
    stage.set_aws_access(key)
    stage.until("AWS is asked", lambda: stage.aws.calls(key) > 0)
    stage.site.control_plane.pause_etcd()
    try:
        stage.until("AWS has answered", lambda: stage.operator.metrics().get(_ASKED, 0) > before)
        yield key
    finally:
        stage.site.control_plane.resume_etcd()
