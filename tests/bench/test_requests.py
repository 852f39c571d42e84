"""The audit log tells what one user asked for, also while it is being written."""

import json
from pathlib import Path

from bench.requests import RequestLog


def _line(verb: str, resource: str = "secrets", **differs: object) -> str:
    entry = {
        "kind": "Event",
        "stage": "ResponseComplete",
        "verb": verb,
        "stageTimestamp": "2026-11-24T12:00:00.000001Z",
        "user": {"username": "ours"},
        "objectRef": {"resource": resource},
        "responseStatus": {"code": 200},
    }
    return json.dumps(entry | differs) + "\n"


def _verbs(log: RequestLog) -> list[str]:
    return [request.verb for request in log.read()]


def test_only_what_is_new_and_ours_is_told(tmp_path: Path) -> None:
    """A measurement begins with an empty count, and others' requests are not the operator's."""
    path = tmp_path / "audit.log"
    path.write_text(_line("get"))
    log = RequestLog(path, "ours")

    with path.open("a") as more:
        more.write(_line("patch") + _line("list", user={"username": "another's"}))

    assert _verbs(log) == ["patch"]
    assert _verbs(log) == []


def test_a_line_half_written_is_told_once_it_is_whole(tmp_path: Path) -> None:
    """The API server writes while we read."""
    path = tmp_path / "audit.log"
    path.touch()
    log, line = RequestLog(path, "ours"), _line("patch")

    path.write_text(line[:40])
    before = _verbs(log)
    path.write_text(line)

    assert (before, _verbs(log)) == ([], ["patch"])


def test_a_watch_counts_once(tmp_path: Path) -> None:
    """The log has it twice: when it begins and when it ends."""
    path = tmp_path / "audit.log"
    path.touch()
    log = RequestLog(path, "ours")

    path.write_text(_line("watch", stage="ResponseStarted") + _line("watch"))

    assert _verbs(log) == ["watch"]


def test_writes_of_secrets_are_told_from_other_requests(tmp_path: Path) -> None:
    """A rollout is over when as many Secrets are written as there are namespaces."""
    path = tmp_path / "audit.log"
    path.touch()
    log = RequestLog(path, "ours")

    refused = _line("patch", responseStatus={"code": 409})
    path.write_text(_line("patch") + refused + _line("patch", "awsecrcredentials") + _line("list"))

    found = [(request.is_write, request.wrote_secret) for request in log.read()]
    assert found == [(True, True), (True, False), (True, False), (False, False)]
