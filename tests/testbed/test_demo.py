"""The demo as a whole: every promise holds, and nothing of it is left behind."""

import os
import signal
import ssl
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from testbed.aws.server import FakeAws
from testbed.control_plane import ControlPlane
from testbed.demo.api import Api
from testbed.demo.cluster import Cluster
from testbed.demo.observer import Observer, Scene, Subject
from testbed.demo.places import Imagined
from testbed.demo.pods import Pods
from testbed.demo.props import Props
from testbed.demo.story import story
from testbed.operator import Operator
from testbed.registry import FakeRegistry
from tests.nodes import needs_node
from tests.testbed.test_processes import pids_in
from tests.testbed.traces import find_traces

_ROOT = Path(__file__).parents[2]
_LONGEST = 240  # seconds; usually less than two minutes


def environment(folder: Path) -> dict[str, str]:
    """Return our environment, with temporary files in a folder of their own."""
    return os.environ | {"TMPDIR": str(folder), "FORCE_COLOR": "1"}


def traces(folder: Path) -> list[object]:
    """Find files in a folder, and processes that work in it or were told of it."""
    told = (
        process.name
        for process in Path("/proc").glob("[0-9]*")
        if str(folder) in command_line(process)
    )
    return [*folder.iterdir(), *pids_in(folder), *told]


def command_line(process: Path) -> str:
    """Return how a process was called; one that is gone was not."""
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:
        return ""


async def promises(crowd: int) -> list[str]:
    """List all that the story promises with a crowd of pods, without performing it."""
    aws, control_plane = FakeAws(), ControlPlane()
    registry, api = FakeRegistry(aws), Api("", ssl.create_default_context())
    scene = Scene(
        cluster=Cluster(control_plane),
        aws=aws,
        registry=registry,
        operator=Operator(control_plane, {}),
        pods=Pods(api, Imagined(api, registry, host="", secret_name=""), secret_name=""),
    )
    subject = Subject(credential="", secret_name="", namespaces=(), host="")
    props = Props(
        cluster=scene.cluster,
        aws=aws,
        key=aws.add_access_key(),
        operator=scene.operator,
        pods=scene.pods,
        observer=Observer(scene, subject),
        life=timedelta(seconds=30),
        crowd=crowd,
    )
    return [
        promise.words
        for chapter in story(props, ending=True)
        for step in chapter.steps
        for promise in step.promises
    ]


@pytest.mark.parametrize(
    ("arguments", "crowd"),
    [
        pytest.param(["--no-node"], 50, id="pods-only-pull"),
        pytest.param([], 8, id="pods-run", marks=needs_node),
    ],
)
async def test_every_promise_of_the_demo_holds(
    arguments: list[str], crowd: int, tmp_path: Path
) -> None:
    """Without a terminal the demo ends by itself, names each promise, and leaves no trace."""
    before = find_traces()

    done = subprocess.run(  # noqa: ASYNC221 - nothing else runs here; a program of ours
        [sys.executable, "-m", "testbed", "demo", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=_ROOT,
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        timeout=_LONGEST,
    )

    text = " ".join(done.stdout.split())
    assert (done.returncode, "✘" in text) == (0, False), done.stdout + done.stderr
    promised = await promises(crowd)
    assert [words for words in promised if f"✔ {words} (" not in text] == []
    assert f"All promises held, {len(promised)} of {len(promised)}." in text
    assert ("running after" in text) == (arguments == [])
    assert "export KUBECONFIG=" in text
    assert all(letter.isprintable() for letter in done.stdout.replace("\n", ""))
    assert traces(tmp_path) == []
    assert find_traces() - before == frozenset()


def test_leaving_in_the_middle_leaves_nothing_behind(tmp_path: Path) -> None:
    """Ctrl-C ends everything, whatever is going on; 130 is how shells count it."""
    with subprocess.Popen(
        [sys.executable, "-m", "testbed", "demo"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env=environment(tmp_path),
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if line.startswith("2. "):  # a chapter that takes half a minute
                break
        demo.send_signal(signal.SIGINT)
        rest = demo.stdout.read()
        code = demo.wait(_LONGEST)

    assert (code, rest.splitlines()[-1]) == (
        130,
        "Left before the end; everything is stopped and removed.",
    )
    assert traces(tmp_path) == []
