"""Reads the workflows: their jobs, the steps of these, and the actions that are used."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.image.project import GITHUB

FILES = sorted((GITHUB / "workflows").glob("*.yml"))
Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Use:
    """One action as a workflow names it."""

    action: str
    commit: str
    version: str  # as the comment says; "": there is none


def workflow(name: str) -> Node:
    """Return a workflow; `on` is under its own name, which YAML takes for a boolean."""
    text = (GITHUB / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    read: Node = yaml.safe_load(re.sub(r"^on:", "'on':", text, flags=re.MULTILINE))
    return read


def jobs() -> Iterator[tuple[str, Node]]:
    """Return all jobs of all workflows, each with its place."""
    for path in FILES:
        for name, job in workflow(path.stem)["jobs"].items():
            yield f"{path.stem}.{name}", job


def steps() -> Iterator[tuple[str, Node]]:
    """Return all steps of all jobs, each with its place."""
    for place, job in jobs():
        for number, step in enumerate(job.get("steps", [])):
            yield f"{place}[{number}]", step


def uses(path: Path) -> list[Use]:
    """Return the actions that a workflow names, other than files of its own."""
    found = re.findall(r"uses: ([^.\s@]\S*)@(\S+)(?: # (\S+))?", path.read_text(encoding="utf-8"))
    return [Use(*each) for each in found]


def commands(job: Node) -> list[str]:
    """Return what a job runs."""
    return [step["run"] for step in job["steps"] if "run" in step]
