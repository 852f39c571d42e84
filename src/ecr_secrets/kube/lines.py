"""Cuts a stream of bytes into lines."""

from collections.abc import Iterator


class LineBuffer:
    """What has arrived of a line that is not complete yet.

    Every byte is looked at once, however small the pieces are that it arrives in.
    """

    def __init__(self, limit: int) -> None:
        """Begin with nothing.

        Args:
            limit: the longest line accepted, in bytes.
        """
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def pending(self) -> bool:
        """Whether the last line still lacks its end."""
        return self._size > 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take what has arrived, and give every line that is now complete; blank ones are left out.

        Raises:
            OverflowError: a line is longer than the limit.
        """
        *complete, rest = data.split(b"\n")
        for last in complete:
            self._keep(last)
            line = b"".join(self._pieces)
            self._pieces.clear()
            self._size = 0
            if line.strip():
                yield line
        self._keep(rest)

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise OverflowError(f"line longer than {self._limit} bytes")
        if piece:
            self._pieces.append(piece)
