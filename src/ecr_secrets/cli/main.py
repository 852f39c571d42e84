"""The command `ecr-secrets`, which is also `kubectl ecr-secrets`."""

import argparse
import logging
import os
import sys
import threading
from collections.abc import Sequence
from importlib.metadata import version

import uvloop

from ecr_secrets.cli.flags import add_flags, read_config
from ecr_secrets.cli.run import run
from ecr_secrets.errors import ConfigurationError
from ecr_secrets.logs import set_up_logs

_DESCRIPTION = """\
Keeps AWS ECR image pull secrets valid in every namespace of a Kubernetes cluster.

ECR passwords live for 12 hours. An AWSECRCredential object names an AWS identity, a secret name
and namespaces; the operator creates the pull secret in each of them and keeps it valid.
"""
_RUN = """\
Run the operator: in a pod with its ServiceAccount, or from a terminal with a kubeconfig.

Each flag can be given by the environment variable shown behind it; a flag beats its variable.
SIGTERM or Ctrl-C ends it: what has begun is finished first, and the exit code is 0.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 all is well, 2 it was asked for wrongly."""
    parsed = _parser().parse_args(arguments)
    code = 0
    try:
        config = read_config(parsed, os.environ)
        set_up_logs(config.log_format, config.log_level)
        uvloop.run(run(config))
        _leave_threads_behind()
    except* ConfigurationError as group:  # also from one of several tasks, such as a port's
        sys.stderr.write(f"ecr-secrets {parsed.command}: {_first(group)}\n")
        code = 2
    return code


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _leave_threads_behind() -> None:
    """End the process although a call to AWS hangs in its thread.

    Python waits for such threads at exit, and a credential process may never answer.
    """
    if any(
        not thread.daemon
        for thread in threading.enumerate()
        if thread is not threading.main_thread()
    ):
        logging.shutdown()
        os._exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ecr-secrets",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=version("kube-ecr-secrets-operator"))
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    runs = commands.add_parser(
        "run",
        help="run the operator",
        description=_RUN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_flags(runs)
    return parser
