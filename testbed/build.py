"""Builds the programs of a release into the cache folder, each once.

A program is there whole or not at all: it is built in a folder of its own, which goes when the
build ends however it ends, and moved to its place. A stamp beside it tells what it was built
from; the program of another stamp is built anew. Two processes that build at once take turns.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from testbed.errors import ControlPlaneError
from testbed.processes import ProcessGroup
from testbed.progress import Progress
from testbed.release import Program, Release, required_go
from testbed.toolchain import Toolchain, find_go

_LIMIT = timedelta(hours=1)  # for one program, on the slowest machine we can think of
_TURN = timedelta(hours=4)
_FLAGS = ("-mod=readonly", "-trimpath")
_SETTINGS = {"CGO_ENABLED": "0", "GOWORK": "off"}


def build(release: Release, cache: Path, environment: Mapping[str, str]) -> Path:
    """Return a folder with every program of the release, building what is missing.

    Raises:
        ControlPlaneError: a program cannot be built; holds the compiler's words.
    """
    folder = cache / release.folder / release.version
    if not _missing(release, folder):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    progress = Progress()
    with _turn(cache / "build.lock", release.title, progress):
        missing = _missing(release, folder)  # another process may have built meanwhile
        if missing:
            _build_all(release, missing, folder, environment, progress)
    return folder


def _missing(release: Release, folder: Path) -> list[Program]:
    return [program for program in release.programs if not _is_built(program, folder)]


def _is_built(program: Program, folder: Path) -> bool:
    stamp = _stamp_file(program, folder)
    return (
        os.access(folder / program.name, os.X_OK)
        and stamp.exists()
        and stamp.read_text(encoding="ascii") == _stamp(program)
    )


def _build_all(
    release: Release,
    missing: Sequence[Program],
    folder: Path,
    environment: Mapping[str, str],
    progress: Progress,
) -> None:
    progress.say(
        f"building {release.title}, {release.product} {release.version}: "
        f"about {release.minutes} minutes on two cores, once"
    )
    cache = folder.parents[1]
    go = find_go(required_go(release), cache, environment, progress)
    for program in missing:
        _build_one(program, folder, go, progress)
    progress.say(f"{release.title} is in {folder}")


def _build_one(program: Program, folder: Path, go: Toolchain, progress: Progress) -> None:
    with ProcessGroup(prefix=f".{program.name}-", within=folder) as group:
        built = group.folder / program.name
        compiler = group.start(
            "go",
            [
                *(go.program, "build", *_FLAGS, f"-ldflags={_linker_flags(program)}"),
                *("-o", built, program.package),
            ],
            environment={**go.environment, **_SETTINGS, "GOTMPDIR": str(group.folder)},
            cwd=program.module,
        )
        progress.follow(program.name, compiler, _LIMIT)
        stamp = _stamp_file(program, folder)
        stamp.unlink(missing_ok=True)  # a stamp never stands beside a program it is not for
        os.replace(built, folder / program.name)
        (group.folder / "stamp").write_text(_stamp(program), encoding="ascii")
        os.replace(group.folder / "stamp", stamp)


def _linker_flags(program: Program) -> str:
    return " ".join(["-s", "-w", *(f"-X {variable}" for variable in program.variables)])


def _stamp_file(program: Program, folder: Path) -> Path:
    return folder / f"{program.name}.stamp"


def _stamp(program: Program) -> str:
    """Digest of everything that decides what comes out, but for the compiler."""
    settings = sorted(f"{name}={value}" for name, value in _SETTINGS.items())
    words = [program.package, *_FLAGS, *settings, _linker_flags(program)]
    digest = hashlib.sha256("\n".join(words).encode())
    module = program.module
    for file in (*sorted(module.glob("go.*")), *sorted(module.glob("*.go"))):
        digest.update(file.read_bytes())
    return digest.hexdigest()


@contextmanager
def _turn(lock: Path, title: str, progress: Progress) -> Iterator[None]:
    """Hold a lock that ends with the process, waiting for others first."""
    deadline = time.monotonic() + _TURN.total_seconds()
    with lock.open("w") as file:
        waiting = False
        while not _locked(file.fileno()):
            if not waiting:
                progress.say(f"another process is building {title}; waiting for it")
                waiting = True
            if time.monotonic() > deadline:
                raise ControlPlaneError(f"{lock}: still held by another process")
            time.sleep(0.2)  # no lock can be waited for with a deadline
        yield


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
