"""Brings stage, story and teller together, until the end or until somebody wants to leave."""

import asyncio
import os
import shlex
import shutil
import signal
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta

from rich.console import Console

from testbed.control_plane import ControlPlane
from testbed.demo.chapter import Chapter, Performance, Verdict
from testbed.demo.plain import Plain
from testbed.demo.props import NAMESPACES, SECRET
from testbed.demo.screen import Screen
from testbed.demo.sight import Sight
from testbed.demo.stage import Stage, set_stage
from testbed.demo.story import story
from testbed.demo.wording import say_span
from testbed.errors import ControlPlaneError
from testbed.node.programs import NodePrograms


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a person may choose."""

    life: timedelta  # of registry tokens
    node: NodePrograms | None  # of a node that pods run on; None: they only pull
    stay: bool  # keep everything up after the last chapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How it ended."""

    verdicts: tuple[Verdict, ...] | None  # None: somebody left before the end
    sight: Sight  # the last one of the story
    operator_log: str  # all of it


async def play(control_plane: ControlPlane, console: Console, options: Options) -> Ending:
    """Show everything.

    Args:
        control_plane: with `install.yaml` applied.
        console: a terminal gets a live table, anything else lines of text.
        options: as given on the command line.

    Raises:
        ControlPlaneError: something of the testbed does not start or has broken down.
    """
    leave = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, leave.set)
    async with set_stage(control_plane, options.life, options.node) as stage:
        way_in = _way_in(control_plane)
        _introduce(console, options, way_in)
        chapters = story(stage.props, ending=not options.stay)
        with _teller(console, chapters=len(chapters), way_in=way_in) as teller:
            verdicts, last = await _perform(chapters, stage, teller, leave, stay=options.stay)
        return Ending(verdicts=verdicts, sight=last, operator_log=stage.operator.log_text())


async def _perform(
    chapters: Sequence[Chapter],
    stage: Stage,
    teller: Plain | Screen,
    leave: asyncio.Event,
    *,
    stay: bool,
) -> tuple[tuple[Verdict, ...] | None, Sight]:
    """Perform the chapters under the observer's eyes.

    Returns:
        The verdicts, None when somebody left before the end, and what was seen at the end of the
        story; what a person does when it is over does not count.
    """
    observer = stage.props.observer
    observer.listen(teller.see)
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(observer.run())
            performance = Performance(teller, observer.look)
            playing = group.create_task(performance.perform(chapters))
            leaving = group.create_task(leave.wait())
            await asyncio.wait({playing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            last = observer.latest
            if stay and playing.done():
                teller.invite(_ideas(stage))
                await leaving
            for task in (watching, playing, leaving):
                task.cancel()
    except ExceptionGroup as errors:
        expected, others = errors.split((ControlPlaneError, OSError))
        if expected is None or others is not None:
            raise
        raise ControlPlaneError(f"the demo cannot go on: {expected.exceptions[0]}") from errors
    return None if playing.cancelled() else tuple(playing.result()), last


def _teller(
    console: Console, *, chapters: int, way_in: str
) -> AbstractContextManager[Plain | Screen]:
    if not console.is_terminal or console.is_dumb_terminal:
        return nullcontext(Plain(console))
    footer = f"second terminal:  {way_in}"
    return Screen(console, chapters=chapters, footer=footer)


def _introduce(console: Console, options: Options, way_in: str) -> None:
    console.print("  operator: ready; it has the rights of manifests/install.yaml and no others")
    life = say_span(options.life)
    console.print(f"  AWS and registry: fakes on this machine; tokens live {life}, ECR's 12 h")
    console.print("\nTo look at it in a second terminal:")
    console.print(f"  {way_in}", soft_wrap=True)
    console.print("  kubectl get ecrcred -w")


def _way_in(control_plane: ControlPlane) -> str:
    """Return the command that lets kubectl in from another terminal."""
    words = [f"KUBECONFIG={shlex.quote(str(control_plane.kubeconfig))}"]
    kubectl = control_plane.programs.kubectl
    if kubectl is not None and shutil.which("kubectl") is None:
        words.append(f'PATH={shlex.quote(str(kubectl.parent.absolute()))}{os.pathsep}"$PATH"')
    return f"export {' '.join(words)}"


def _ideas(stage: Stage) -> tuple[tuple[str, str], ...]:
    """List commands to try, each with what it shows; short, to leave room for what happens."""
    return (
        ("kubectl get ecrcred -w", "the object, as it changes"),
        ("kubectl describe ecrcred", "its conditions, and what happened"),
        (f"kubectl -n {NAMESPACES[0]} delete secret {SECRET}", "it returns"),
        (f"curl -X PUT -d true {stage.control.url}/down", "AWS goes down; false: back"),
    )
