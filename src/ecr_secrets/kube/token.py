"""Credentials that are headers: fixed ones, and a token that is replaced in its file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ecr_secrets.errors import UnauthorizedError
from ecr_secrets.kube.file_mark import FileMark, mark_of

_VISIBLE = re.compile(r"[\x21-\x7e]+")  # RFC 9110: anything else has no place in a header


def bearer(token: str, *, source: str) -> Mapping[str, str]:
    """Return the header for a bearer token.

    Args:
        source: where it comes from, for the error: the token itself is never shown.

    Raises:
        UnauthorizedError: this cannot be a token.
    """
    stripped = token.strip()
    if not _VISIBLE.fullmatch(stripped):
        raise UnauthorizedError(f"{source}: empty, or holds characters no token has")
    return {"Authorization": f"Bearer {stripped}"}


@dataclass(frozen=True, slots=True)
class FixedHeaders:
    """The same headers for as long as the process runs; none with client certificates alone."""

    _headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    async def headers(self) -> Mapping[str, str]:
        """Return them."""
        return self._headers

    def invalidate(self) -> None:
        """Have nothing better to offer."""


class TokenFile:
    """A bearer token in a file that somebody, usually the kubelet, replaces before it expires.

    The file is looked at before every request, and read when it is another one: that costs
    microseconds, and a token is never older than its file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: FileMark | None = None  # None: to be read, whatever the file looks like
        self._headers: Mapping[str, str] = {}

    async def headers(self) -> Mapping[str, str]:
        """Return the header with the token now in the file.

        Raises:
            UnauthorizedError: the file is not there, or holds no token.
        """
        try:
            mark = mark_of(self._path)
            if mark != self._read:
                self._headers = bearer(self._path.read_text(), source=str(self._path))
                self._read = mark
        except (OSError, UnicodeError) as error:
            raise UnauthorizedError(
                f"{self._path}: cannot be read: {type(error).__name__}"
            ) from error
        return self._headers

    def invalidate(self) -> None:
        """Read the file again, even if it looks the same."""
        self._read = None
