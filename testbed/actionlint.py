"""The actionlint that the workflows are checked with: named by `ACTIONLINT`, or built once."""

import os
from collections.abc import Mapping
from pathlib import Path

from testbed.binaries import cache_folder
from testbed.build import build
from testbed.errors import ControlPlaneError
from testbed.release import Program, Release, pinned_version

_SETTING = "ACTIONLINT"
_MODULE = Path(__file__).with_name("actionlint")
_PACKAGE = "github.com/rhysd/actionlint"


def provide_actionlint(environment: Mapping[str, str] = os.environ) -> Path:
    """Return an actionlint that can be started.

    Raises:
        ControlPlaneError: `ACTIONLINT` names no program, or the build failed.
    """
    named = environment.get(_SETTING)
    if named:
        if not os.access(named, os.X_OK):
            raise ControlPlaneError(f"{_SETTING}: {named} is not a program")
        return Path(named)
    return build(_release(), cache_folder(environment), environment) / "actionlint"


def _release() -> Release:
    version = pinned_version(_MODULE, _PACKAGE)
    program = Program(
        name="actionlint",
        package=f"{_PACKAGE}/cmd/actionlint",
        module=_MODULE,
        variables=(f"{_PACKAGE}.version={version}",),
    )
    return Release(
        version=version,
        programs=(program,),
        title="actionlint",
        product="release",
        folder="actionlint",
        minutes=1,
    )
