"""Looks into a built image: `make image`, which names it in `IMAGE`.

Not among the tests of `make test`: it needs a container engine, which those do without.
"""

import json
import os
import subprocess
from typing import Any

IMAGE = os.environ["IMAGE"]
# As the chart runs it.
CONFINED = ("--rm", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges")
NOT_COMPILED = """\
import os, sys
import ecr_secrets.cli.main, botocore.session, sqlite3, ssl
specs = [getattr(module, "__spec__", None) for module in sys.modules.values()]
places = [getattr(spec, "cached", None) for spec in specs]
print(sorted(place for place in places if place and not os.path.exists(place)))
"""


def _docker(*words: str) -> subprocess.CompletedProcess[str]:
    command = ["docker", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _python(program: str) -> str:
    words = ("--network=none", "--entrypoint=/opt/operator/bin/python", IMAGE, "-c", program)
    done = _docker("run", *CONFINED, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_it_starts_on_a_read_only_root_with_nothing_allowed() -> None:
    """Every library of the operator is there and of this architecture."""
    done = _docker("run", *CONFINED, "--network=none", IMAGE, "--version")

    assert done.returncode == 0, done.stderr


def test_it_is_nobody() -> None:
    """By number, with a group of the same number."""
    assert _python("import os; print(os.getuid(), os.getgid())") == "65532 65532"


def test_everything_is_compiled() -> None:
    """Nothing is compiled at start, not even the standard library."""
    assert _python(NOT_COMPILED) == "[]"


def test_there_is_no_shell_and_no_package_manager() -> None:
    """Neither on the path nor as a module."""
    programs = ["sh", "bash", "busybox", "apt", "apt-get", "dpkg", "pip", "pip3", "apk"]
    look = "import importlib.util, shutil; print([n for n in {} if shutil.which(n)], {})"
    modules = "[n for n in ('pip', 'ensurepip') if importlib.util.find_spec(n)]"

    found = _python(look.format(programs, modules))

    assert found in {"[] []", "[] ['ensurepip']"}  # ensurepip comes without its pip


def test_it_says_what_it_is() -> None:
    """The labels have values."""
    done = _docker("image", "inspect", IMAGE, "--format", "{{ json .Config }}")
    config: dict[str, Any] = json.loads(done.stdout)

    assert config["User"] == "65532:65532"
    assert all(
        config["Labels"][f"org.opencontainers.image.{label}"]
        for label in ("title", "description", "licenses", "source", "version", "revision")
    )
