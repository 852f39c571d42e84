"""The reference names everything there is, and nothing else."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from ecr_secrets import errors
from ecr_secrets.core.actions import Refusal
from ecr_secrets.logs import FIELDS
from ecr_secrets.metrics import REGISTRY
from ecr_secrets.settings import Config, flag_of, variable_of
from manifests.crd import crd

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs" / "reference.md").read_text()


def test_every_reason_of_an_error_or_a_refusal_is_explained() -> None:
    """Whoever meets a reason in a condition finds what to do about it."""
    reasons = {error.reason for error in _below(errors.OperatorError)} | set(get_args(Refusal))

    missing = {reason for reason in reasons if f"| `{reason}` |" not in REFERENCE}

    assert missing == set()


def test_every_flag_stands_there_with_its_variable_and_default() -> None:
    """The table of flags is what `run` takes."""
    rows = re.findall(r"^\| `(--[a-z-]+)` \| `([A-Z_]+)` \| (.*) \|$", REFERENCE, re.MULTILINE)

    described = {flag: variable for flag, variable, _ in rows}
    defaults = {flag: default for flag, _, default in rows}

    assert described == {flag_of(field.name): variable_of(field.name) for field in fields(Config)}
    shown = {
        flag_of(field.name): f"{field.default:g}"
        if isinstance(field.default, int | float)
        else field.default
        for field in fields(Config)
        if field.default is not None
    }
    assert {flag: defaults[flag] for flag in shown} == shown


def test_every_metric_stands_there_with_its_labels() -> None:
    """The table of metrics is what /metrics offers."""
    rows = re.findall(r"^\| `(ecr_secrets_[a-z_]+)` \| ?(.*) ?\|$", REFERENCE, re.MULTILINE)

    described = {
        name.removesuffix("_total"): set(re.findall("`([a-z]+)`", labels)) for name, labels in rows
    }

    assert described.keys() == {metric.name for metric in REGISTRY.collect()}


def test_every_log_field_stands_there() -> None:
    """The list of log fields is what a line may hold."""
    section = REFERENCE.partition("## Log fields")[2].partition("## ")[0]

    listed = set(re.findall("`([a-z_]+)`", section))

    assert listed - {"time", "level", "logger", "message", "trace"} == set(FIELDS)


@pytest.mark.parametrize("part", ["spec", "status"])
def test_every_field_of_the_object_stands_there(part: str) -> None:
    """The table of fields is the CRD's schema."""
    schema = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][part]

    missing = {name for name in schema["properties"] if f"`{part}.{name}" not in REFERENCE}

    assert missing == set()


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    """A stranger who follows a link arrives."""
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "docs" / page).read_text())

    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_every_file_the_architecture_names_exists() -> None:
    """The walks through the code lead past real files."""
    text = (ROOT / "docs" / "architecture.md").read_text()

    named = set(re.findall(r"`((?:core|kube|aws|controller|webhook|cli)/[a-z_]+\.py)`", text))

    assert {name for name in named if not (ROOT / "src" / "ecr_secrets" / name).exists()} == set()


def _below(kind: type[errors.OperatorError]) -> Iterator[type[errors.OperatorError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)
