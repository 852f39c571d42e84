"""The live table shows what there is, and fits every terminal."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console

from testbed.demo.chapter import Chapter, Promise, Seen, Step, Verdict
from testbed.demo.command import main
from testbed.demo.plain import Plain
from testbed.demo.screen import Screen
from testbed.demo.sight import Pulls, PullSecret, Sight, Target
from tests.testbed.demo_sights import LIFE, NOON, a_pod, a_secret, a_sight, a_target, bare

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_FIRST_ROW = "\x1b[H"  # every frame begins there

CHAPTER = Chapter(title="A title", words="Some words of a chapter. " * 12, steps=())
STEP = Step(words="Something is done.", promises=())
PROMISE = Promise(words="it works", check=lambda _, now: Seen(""))


def a_verdict(number: int) -> Verdict:
    """Return one verdict of many."""
    return Verdict(chapter="A title", promise=f"promise {number}", held=True, seen="all")


def last_frame(sight: Sight, *, height: int, width: int = 80, verdicts: int = 3) -> list[str]:
    """Return the lines on the screen in the middle of a chapter."""
    written = StringIO()
    console = Console(
        file=written, force_terminal=True, color_system=None, width=width, height=height
    )
    with Screen(console, chapters=6, footer="the way in") as screen:
        screen.begin(2, CHAPTER)
        screen.step(STEP)
        for number in range(verdicts):
            screen.judge(a_verdict(number))
        screen.wait(PROMISE, Seen("not yet"))
        screen.see(sight, ("ns1: pull secret created",))
        frame = written.getvalue().rpartition(_FIRST_ROW)[2]
    return [line.rstrip() for line in _CONTROL.sub("", frame).splitlines()]


def test_the_screen_shows_everything_there_is() -> None:
    """Object, AWS, pulls, and per namespace what a node would get there."""
    expired = a_target("ns2", answer=403, refreshes=4)
    missing = Target(namespace="ns4", exists=False)
    sight = a_sight(
        a_target("ns1"), expired, bare("ns3"), missing, aws_down=True, pulls=Pulls(1200, 3, "x")
    )

    lines = last_frame(sight, height=40, width=100)

    assert [re.sub(r"  +", "  ", line) for line in lines if line[:1] in {"E", "m", "A", "n"}] == [
        "ECR pull secrets, kept valid  chapter 2 of 6  1:15",
        "my-ecr-credentials  True  2/2  in 15 s  PullSecretsReady  no",
        "AWS is down, 1 call  operator 7 API writes  pulls 1,200, 3 failed",
        "ns1  uid-1  30 s  ━━━━━───── in 15 s  0x  ✔ yes",
        "ns2  uid-1  30 s  ━━━━━───── in 15 s  4x  ✘ no, 403",
        "ns3  -  -  no pull secret, 401",
        "ns4  -  -  no such namespace",
    ]
    assert {
        "   ▸ Something is done.",
        "   ✔ promise 2 (all)",
        "   … it works (not yet)",
        " 1:15  ns1: pull secret created",
        "the way in",
    } <= set(lines)


def test_the_screen_shows_pods_and_an_operator_that_is_down() -> None:
    """As soon as there is a pod they are counted, and whoever is down says so."""
    sight = a_sight(pods=(a_pod(), a_pod()), operator_down=True)

    lines = last_frame(sight, height=24, width=100)

    assert [re.sub(r"  +", "  ", line) for line in lines if line.startswith("AWS")] == [
        "AWS up, 1 call  operator is down  pulls 100, 0 failed  pods 2"
    ]


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        pytest.param(a_secret(), "━━━━━───── in 15 s", id="half"),
        pytest.param(
            a_secret(refreshed_at=NOON - LIFE, expires_at=NOON + LIFE), "━━━━━───── in 30 s",
            id="half-of-a-longer-life",
        ),
        pytest.param(a_secret(expires_at=NOON), "────────── 0 s ago", id="nothing-left"),
        pytest.param(a_secret(refreshed_at=None), "in 15 s", id="life-not-known"),
        pytest.param(a_secret(expires_at=None), "-", id="expiry-not-known"),
    ],
)  # fmt: skip
def test_what_is_left_is_drawn_as_a_part_of_the_tokens_own_life(
    secret: PullSecret, expected: str
) -> None:
    """Tokens do not all live equally long; a bar is full when its own is new."""
    lines = last_frame(a_sight(a_target("ns1", secret=secret)), height=24)

    (row,) = (line for line in lines if line.startswith("ns1"))
    assert f"  {expected}  " in row


@pytest.mark.parametrize("height", [16, 24, 40])
@pytest.mark.parametrize("verdicts", [0, 20])
def test_the_screen_fits_the_terminal(height: int, verdicts: int) -> None:
    """What is too long loses its middle; the way in and the newest stay in sight."""
    lines = last_frame(a_sight(), height=height, verdicts=verdicts)

    assert len(lines) <= height
    assert lines[-1] == "the way in"
    assert "   … it works (not yet)" in lines


def test_a_log_gets_lines_of_text_alone() -> None:
    """No colours, nothing that moves, no line that is too long for its width."""
    written = StringIO()
    plain = Plain(Console(file=written, width=60))

    plain.begin(1, CHAPTER)
    plain.step(STEP)
    plain.wait(PROMISE, Seen("not yet"))
    plain.see(a_sight(), ("ns1: pull secret [created]",))
    plain.judge(a_verdict(1))

    text = written.getvalue()
    assert text.endswith(
        "\n   > Something is done.\n   1:15  ns1: pull secret [created]\n   ✔ promise 1 (all)\n"
    )
    assert max(map(len, text.splitlines())) <= 60
    assert {line[:3] for line in text.splitlines() if line} == {"1. ", "   "}
    assert "\x1b" not in text


@pytest.mark.parametrize("seconds", ["29.9", "43201", "soon"])
def test_a_life_that_cannot_be_shown_is_refused(
    seconds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A token has to outlast the operator's patience with AWS, and lives 12 h at most."""
    with pytest.raises(SystemExit) as refused:
        main(["--token-life-seconds", seconds])

    assert refused.value.code == 2
    assert "--token-life-seconds" in capsys.readouterr().err


async def test_nobody_waits_for_a_log() -> None:
    """Pauses are for people; a pipe gets none."""
    await Plain(Console(file=StringIO())).breathe(timedelta(days=1))
