"""Notices that a file has been replaced."""

from pathlib import Path
from typing import TypeAlias

FileMark: TypeAlias = tuple[int, int, int]  # inode, size, nanoseconds of the last change


def mark_of(path: Path) -> FileMark:
    """Return what differs when the file's content does; follows the kubelet's symbolic links.

    Raises:
        OSError: there is no such file.
    """
    found = path.stat()
    return (found.st_ino, found.st_size, found.st_mtime_ns)
