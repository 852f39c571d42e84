"""RESULTS.md: sections that a run writes, between words that a person wrote."""

from datetime import date
from pathlib import Path

from bench.measured import Machine


def head(machine: Machine, *, on: date) -> str:
    """Say when and on what it was measured."""
    before, after = machine.load
    return (
        f"Measured on {on.isoformat()}: {machine.cores} cores ({machine.processor}), "
        f"{machine.memory_gib:.0f} GiB of memory; Python {machine.python}, {machine.libraries}; "
        f"Kubernetes {machine.kubernetes}. Load average {before:.1f} before the start and "
        f"{after:.1f} at the end."
    )


def write_section(path: Path, name: str, text: str) -> None:
    """Replace the section of a name, and nothing else; a new one goes to the end.

    Raises:
        ValueError: where the section ends is not said.
    """
    begin, end = f"<!-- {name}: written by `make bench` -->", f"<!-- {name}: end -->"
    content = path.read_text(encoding="utf-8") if path.exists() else ""
    above, began, rest = content.partition(begin)
    _, ended, below = rest.partition(end)
    if began and not ended:
        raise ValueError(f"{path.name}: no line {end}")
    below = below or "\n"
    path.write_text(f"{above}{begin}\n\n{text}\n\n{end}{below}", encoding="utf-8")
