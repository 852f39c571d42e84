"""Flags, environment twins and their errors."""

import argparse
import json
import logging
import sys
from io import StringIO

import pytest

from ecr_secrets.cli.flags import add_flags, read_config
from ecr_secrets.cli.main import main
from ecr_secrets.errors import ConfigurationError
from ecr_secrets.logs import JsonFormatter, TextFormatter, set_up_logs
from ecr_secrets.settings import Config


def _read(*flags: str, **environ: str) -> Config:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return read_config(parser.parse_args(flags), environ)


def test_without_flags_the_defaults_work_in_a_cluster() -> None:
    """Nothing has to be set."""
    assert _read() == Config()


def test_a_flag_beats_its_variable_which_beats_the_default() -> None:
    """The nearer to the person, the stronger."""
    config = _read("--workers", "7", ECR_SECRETS_WORKERS="9", ECR_SECRETS_METRICS_PORT="9090")

    assert (config.workers, config.metrics_port) == (7, 9090)


def test_an_empty_variable_counts_as_not_set() -> None:
    """That is what an unset value of a template leaves behind."""
    assert _read(ECR_SECRETS_WORKERS="") == Config()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        pytest.param(
            ["--workers", "many"], "--workers: expected a whole number, got 'many'", id="word"
        ),
        pytest.param(["--workers", "0"], "--workers: expected at least 1, got 0", id="too-few"),
        pytest.param(["--workers", "65"], "--workers: expected at most 64, got 65", id="too-many"),
        pytest.param(
            ["--metrics-port", "65536"],
            "--metrics-port: expected at most 65535, got 65536",
            id="no-such-port",
        ),
        pytest.param(
            ["--max-writes-per-second", "nan"],
            "--max-writes-per-second: expected at least 0, got nan",
            id="not-a-number",
        ),
        pytest.param(
            ["--log-format", "xml"],
            "--log-format: expected one of json, text, got 'xml'",
            id="unknown-format",
        ),
        pytest.param(
            ["--health-port", "8080"],
            "--health-port: 8080 is the port of --metrics-port already",
            id="same-port-twice",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(flags: list[str], message: str) -> None:
    """A person can mend the flag without reading code."""
    with pytest.raises(ConfigurationError) as raised:
        _read(*flags)

    assert str(raised.value) == message


def test_all_wrong_values_are_named_at_once() -> None:
    """Nobody has to start it five times to find five mistakes."""
    with pytest.raises(ConfigurationError) as raised:
        _read("--workers", "0", "--log-level", "loud", ECR_SECRETS_METRICS_PORT="-1")

    for flag in ("--workers", "--log-level", "--metrics-port"):
        assert f"{flag}: expected" in str(raised.value)


def test_a_wrong_variable_is_named_as_the_variable_it_is() -> None:
    """The error leads to the place where the value came from."""
    with pytest.raises(ConfigurationError, match="ECR_SECRETS_WORKERS: expected a whole number"):
        _read(ECR_SECRETS_WORKERS="x")


def test_a_wrong_flag_ends_the_command_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts can tell a mistake of theirs from a failure of ours."""
    code = main(["run", "--workers", "x"])

    assert code == 2
    assert capsys.readouterr().err == (
        "ecr-secrets run: --workers: expected a whole number, got 'x'\n"
    )


def test_help_explains_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    """A stranger understands what there is to set."""
    with pytest.raises(SystemExit) as ended:
        main(["run", "--help"])

    shown = capsys.readouterr().out
    assert ended.value.code == 0
    for name in Config.__dataclass_fields__:
        assert f"--{name.replace('_', '-')}" in shown
        assert f"$ECR_SECRETS_{name.upper()}" in shown


def _record(**extra: object) -> logging.LogRecord:
    record = logging.LogRecord("ecr_secrets.x", logging.INFO, "", 1, "written", None, None)
    record.__dict__.update(extra)
    return record


def test_a_json_line_holds_the_known_fields_and_no_others() -> None:
    """What was not meant for the log does not get there by accident."""
    line = json.loads(JsonFormatter().format(_record(credential="shop", password="secret")))

    assert line.keys() == {"time", "level", "logger", "message", "credential"}
    assert (line["level"], line["message"], line["credential"]) == ("info", "written", "shop")


def test_a_text_line_reads_from_left_to_right() -> None:
    """When, how bad, what, and then the fields."""
    line = TextFormatter().format(_record(credential="shop", target="shop/ecr-login"))

    assert line.endswith("INFO    written  credential=shop target=shop/ecr-login")


def test_a_traceback_shows_no_values() -> None:
    """The rare error path leaks nothing either."""
    password = "do-not-show-me"
    try:
        len(password) / 0
    except ZeroDivisionError:
        record = _record(exc_info=sys.exc_info())

    shown = JsonFormatter().format(record)

    assert "ZeroDivisionError" in shown
    assert password not in shown


def test_libraries_stay_quiet_at_debug() -> None:
    """At DEBUG botocore would log the token."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    stream = StringIO()
    try:
        set_up_logs("json", "debug", stream)
        for name in ("botocore.parsers", "urllib3.connectionpool", "aiohttp.client", "asyncio"):
            logging.getLogger(name).debug("a token")
        logging.getLogger("ecr_secrets.x").debug("ours")
    finally:
        root.handlers[:], root.level = before

    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["ours"]
