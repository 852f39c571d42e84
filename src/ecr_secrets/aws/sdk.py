"""How botocore is set up: one shared set of models, short time-outs, our transport."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.loaders import Loader, create_loader
from botocore.session import Session

from ecr_secrets.aws.timeouts import Timeouts

# A session variable comes from (configuration file, environment variable, default, conversion).
_NO_PROFILE: dict[str, tuple[Any, Any, Any, Any]] = {"profile": (None, None, None, None)}


@cache
def _models() -> Loader:
    """Load what botocore knows of the services once per process: it is most of what it weighs."""
    return create_loader()


class Sdk:
    """Makes botocore sessions that share what is large: the models of the services."""

    def __init__(self, send: Callable[..., AWSResponse], timeouts: Timeouts) -> None:
        """Keep how requests are sent, also those that botocore's credential providers make."""
        self._send = send
        self._config = Config(
            connect_timeout=timeouts.connect.total_seconds(),
            read_timeout=timeouts.read.total_seconds(),
            retries={"mode": "standard", "total_max_attempts": 1},  # we have a backoff of our own
        )

    def new_session(self, *, with_profile: bool) -> Session:
        """Make a session; about 10 ms.

        Args:
            with_profile: whether AWS_PROFILE counts; where it names no profile, nothing works.
        """
        session = Session(session_vars={} if with_profile else _NO_PROFILE)
        session.user_agent_extra = "kube-ecr-secrets-operator"
        session.register_component("data_loader", _models())
        session.set_default_client_config(self._config)
        # The stubs do not know that this event's handlers may answer in botocore's place.
        session.register("before-send", self._send)  # type: ignore[arg-type]
        region = os.environ.get("AWS_REGION")
        if region:  # botocore itself looks at AWS_DEFAULT_REGION alone
            session.set_config_variable("region", region)
        return session
