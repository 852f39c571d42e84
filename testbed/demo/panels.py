"""The parts of the screen, each drawn from what was seen last."""

from datetime import datetime, timedelta

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from testbed.demo.sight import Sight, Target
from testbed.demo.wording import say_count, say_expiry, say_span, say_stopwatch

_GOOD, _LATE, _BAD, _QUIET, _HEAD = "green", "yellow", "bold red", "dim", "bold"
_BAR = 10  # characters
_UID = 8  # characters of a UID that are shown: enough to see that it stays


def header(sight: Sight, where: str) -> RenderableType:
    """Title, chapter and stopwatch."""
    line = Table.grid(expand=True)
    line.add_column()
    line.add_column(justify="right")
    right = Text(f"{where}   {say_stopwatch(sight.elapsed)}", style=_QUIET)
    line.add_row(Text("ECR pull secrets, kept valid", style=_HEAD), right)
    return line


def credential(sight: Sight) -> RenderableType:
    """The object, as `kubectl get ecrcred -o wide` shows it."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=_QUIET)
    for name in ("NAME", "READY", "NAMESPACES", "EXPIRES", "REASON", "DEGRADED"):
        table.add_column(name, no_wrap=True)
    found = sight.credential
    if found is None:
        table.add_row(Text("no object yet" if sight.aws_calls == 0 else "no object", style=_QUIET))
        return table
    degraded = found.degraded.status == "True"
    table.add_row(
        found.name,
        Text(found.ready.status, style=_GOOD if found.ready.status == "True" else _BAD),
        found.served,
        say_expiry(found.expires_at, sight.at),
        found.ready.reason,
        Text(found.degraded.reason if degraded else "no", style=_BAD if degraded else ""),
    )
    return table


def counters(sight: Sight) -> RenderableType:
    """What was asked of whom so far."""
    line = Text()
    line.append("AWS ", style=_QUIET)
    line.append("is down" if sight.aws_down else "up", style=_BAD if sight.aws_down else _GOOD)
    line.append(f", {say_count(sight.aws_calls, 'call')}")
    line.append("   operator ", style=_QUIET)
    if sight.operator_down:
        line.append("is down", style=_BAD)
    else:
        line.append(say_count(sight.api_writes, "API write"))
    line.append("   pulls ", style=_QUIET)
    line.append(f"{sight.pulls.made:,}, ")
    failed = sight.pulls.failed
    line.append(f"{failed:,} failed", style=_BAD if failed else _GOOD)
    if sight.pods:
        line.append("   pods ", style=_QUIET)
        line.append(f"{len(sight.pods):,}")
    return line


def targets(sight: Sight) -> RenderableType:
    """One line per namespace."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=_QUIET)
    table.add_column("NAMESPACE", no_wrap=True)
    table.add_column("PULL SECRET, AGE", no_wrap=True, min_width=_UID + 8)
    table.add_column("EXPIRES", no_wrap=True, min_width=_BAR + 8)
    table.add_column("REFRESHED", no_wrap=True, justify="right")
    table.add_column("OPENS REGISTRY", no_wrap=True)
    if not sight.targets:
        table.add_row(Text("none yet", style=_QUIET))
    for target in sight.targets:
        table.add_row(
            target.namespace,
            _secret(target, sight.at),
            _expiry(target, sight.at),
            f"{target.refreshes}x" if target.secret else "",
            _answer(target),
        )
    return table


def _secret(target: Target, now: datetime) -> Text:
    if target.secret is None:
        return Text("-", style=_QUIET)
    age = say_span(max(now - target.secret.created_at, timedelta()))
    return Text.assemble(target.secret.uid[:_UID], (f"  {age}", _QUIET))


def _expiry(target: Target, now: datetime) -> Text:
    if target.secret is None or target.secret.expires_at is None:
        return Text("-", style=_QUIET)
    expires_at = target.secret.expires_at
    life = target.secret.life
    if not life:
        return Text(say_expiry(expires_at, now))
    left = max(timedelta(), min(life, expires_at - now))
    full = round(_BAR * (left / life))
    # Refreshes come when half is left; below a third, one is late.
    style = _GOOD if left * 3 > life else _LATE
    words = say_expiry(expires_at, now)
    return Text.assemble(("━" * full, style), ("─" * (_BAR - full), _QUIET), f" {words}")


def _answer(target: Target) -> Text:
    if not target.exists:
        return Text("no such namespace", style=_QUIET)
    if target.opens:
        return Text("✔ yes", style=_GOOD)
    if target.secret is None:
        return Text(f"no pull secret, {target.answer}", style=_QUIET)
    return Text(f"✘ no, {target.answer}", style=_BAD)
