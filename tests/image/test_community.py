"""What a reporter, a contributor and a security team find at the front door is there and true."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.image.project import GITHUB, ROOT, VERSION
from tests.image.workflows import workflow

SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FORMS = [GITHUB / "ISSUE_TEMPLATE" / name for name in ("bug.yml", "feature.yml")]
PRIVATE = "https://github.com/zak905/kube-ecr-secrets-operator/security/advisories/new"
each_form = pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)


@pytest.mark.parametrize("text", [SECURITY, CONTRIBUTING], ids=["security", "contributing"])
def test_every_link_leads_somewhere(text: str) -> None:
    """Within the repository; others cannot be followed here."""
    inside = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]

    assert inside
    assert [link for link in inside if not (ROOT / link).exists()] == []


def test_a_weakness_is_reported_in_private() -> None:
    """The same place wherever somebody looks for it."""
    config = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "config.yml").read_text(encoding="utf-8"))

    assert PRIVATE in SECURITY
    assert config["blank_issues_enabled"] is False
    assert PRIVATE in [link["url"] for link in config["contact_links"]]


def test_the_security_page_leads_to_the_limits() -> None:
    """Whoever signs it off reads where it is weak."""
    assert "docs/limits.md" in SECURITY
    assert re.search(r"^## Supported versions$", SECURITY, re.MULTILINE)


def test_what_is_verified_is_what_the_release_signs() -> None:
    """The signer is the workflow, at the tag that sets it off; the names are those it pushes."""
    release = (GITHUB / "workflows" / "release.yml").read_text(encoding="utf-8")

    assert workflow("release")["on"] == {"push": {"tags": ["v*"]}}
    assert "/.github/workflows/release.yml@refs/tags/v$VERSION" in SECURITY
    assert f"VERSION={VERSION}\n" in SECURITY
    for name in ("SHA256SUMS", "SHA256SUMS.sigstore.json", "/charts"):
        assert name in SECURITY
        assert name in release


def test_a_contributor_is_told_only_of_commands_that_exist() -> None:
    """Every make target that is named is there."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z0-9]+)", CONTRIBUTING, re.MULTILINE))

    assert {"check", "test", "demo", "bench", "lock", "audit", "image"} <= named
    assert {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()


@each_form
def test_a_form_is_one_that_github_accepts(path: Path) -> None:
    """It shows nothing at all of a form with a mistake."""
    form: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    ids = [field["id"] for field in fields]

    assert form["name"]
    assert form["description"]
    assert {field["type"] for field in fields} <= {"textarea", "input", "dropdown", "checkboxes"}
    assert len(ids) == len(set(ids))
    assert all(field["attributes"]["label"] for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)
    for field in fields:
        if field["type"] == "dropdown":
            options = field["attributes"]["options"]
            assert all(isinstance(option, str) for option in options)
            assert len(options) == len(set(options))
