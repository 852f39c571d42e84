"""Log lines: JSON for machines, text for people, with the same few fields.

Third-party loggers are capped where they could print secrets; see `aws`.
"""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

# Fields that a message may carry, in the order they are shown. `logging` lets everything through,
# so what is not listed here is left out.
FIELDS = (
    "credential",
    "target",
    "reason",
    "error",
    "generation",
    "request_uid",
    "resource",
    "object",
    "leader",
    "namespace",
    "version",
    "address",
    "duration_seconds",
    "requeue_after_seconds",
    "expires_at",
)


class _Formatter(logging.Formatter):
    """What both formats share: the fields of a record, and its exception."""

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return the known fields a record carries."""
        return {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}

    def trace(self, record: logging.LogRecord) -> str | None:
        """Return the traceback of a record, without the values of variables; None: it has none."""
        return self.formatException(record.exc_info) if record.exc_info else None

    def instant(self, record: logging.LogRecord) -> str:
        """Return when a record was made, RFC 3339 with milliseconds."""
        made = datetime.fromtimestamp(record.created, UTC)
        return made.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class JsonFormatter(_Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as JSON."""
        line = {
            "time": self.instant(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self.fields(record),
        }
        if trace := self.trace(record):
            line["trace"] = trace
        return msgspec.json.encode(line, enc_hook=str).decode()


class TextFormatter(_Formatter):
    """A line a person reads, with the fields at its end."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as text."""
        fields = " ".join(f"{name}={value}" for name, value in self.fields(record).items())
        line = f"{self.instant(record)} {record.levelname:<7} {record.getMessage()}"
        trace = self.trace(record)
        return f"{line}  {fields}".rstrip() + (f"\n{trace}" if trace else "")


def set_up_logs(log_format: str, level: str, stream: TextIO | None = None) -> None:
    """Send all log lines to a stream.

    Args:
        log_format: `json` or `text`.
        level: the least severe level that is shown, such as `info`.
        stream: None: standard error.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # What libraries say below `warning` is about their insides, and of use to nobody here.
    for name in ("asyncio", "aiohttp", "urllib3", "botocore"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
