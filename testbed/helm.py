"""The Helms that the chart is tested with: named by `HELM3` and `HELM4`, or built once."""

import os
from collections.abc import Mapping
from pathlib import Path

from testbed.binaries import cache_folder
from testbed.build import build
from testbed.errors import ControlPlaneError
from testbed.release import Program, Release, pinned_version

MAJORS = (3, 4)

_MODULES = Path(__file__).with_name("helm")


def provide_helm(major: int, environment: Mapping[str, str] = os.environ) -> Path:
    """Return a Helm of a major version.

    That of `HELM3` or `HELM4` if it is set; else the one in the user's cache folder, built there
    first if need be, which takes minutes and says so.

    Raises:
        ControlPlaneError: the variable names no program, or the build failed.
    """
    variable = f"HELM{major}"
    named = environment.get(variable)
    if named:
        if not os.access(named, os.X_OK):
            raise ControlPlaneError(f"{variable}: {named} is not a program")
        return Path(named)
    return build(_release(major), cache_folder(environment), environment) / "helm"


def _release(major: int) -> Release:
    module = _MODULES / str(major)
    version = pinned_version(module, f"helm.sh/helm/v{major}")
    variables = [f"helm.sh/helm/v{major}/internal/version.version=v{version}"]
    if major == 3:  # Helm 4 finds out by itself which Kubernetes it speaks for
        minor = pinned_version(module, "k8s.io/client-go").split(".")[1]
        places = ("pkg/chartutil", "pkg/lint/rules")
        variables += [f"helm.sh/helm/v3/{place}.k8sVersionMinor={minor}" for place in places]
    helm = Program(
        name="helm",
        package=f"helm.sh/helm/v{major}/cmd/helm",
        module=module,
        variables=tuple(variables),
    )
    return Release(
        version=version,
        programs=(helm,),
        title=f"Helm {major}",
        product="release",
        folder="helm",
        minutes=3,
    )
