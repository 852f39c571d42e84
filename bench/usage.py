"""What a process has used so far, as Linux counts it."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")  # per second
_RESET_PEAK = "5"  # proc(5), clear_refs: the peak becomes what is resident now
_KIB_PER_MIB = 1024


def cpu_seconds(pid: int) -> float:
    """Return the processor time used so far, in user and in kernel mode, by all threads."""
    # proc(5): the name of the program, in brackets, may hold blanks; utime and stime are the
    # 14th and 15th field, of which the name is the second.
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    behind_name = stat.rpartition(")")[2].split()
    return (int(behind_name[11]) + int(behind_name[12])) / _TICKS


def resident_mib(pid: int) -> float:
    """Return how much memory is resident now, in MiB."""
    return _field(pid, "VmRSS")


def peak_mib(pid: int) -> float:
    """Return the most memory that was resident since the start or the last reset, in MiB."""
    return _field(pid, "VmHWM")


def reset_peak(pid: int) -> None:
    """Let the peak begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK, encoding="ascii")


def _field(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    found = next(line for line in lines if line.startswith(f"{name}:"))
    return int(found.split()[1]) / _KIB_PER_MIB
