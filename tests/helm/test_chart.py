"""The chart as a package: lint, what is made from the code, what both Helms agree on."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.generated import CHART, DERIVED, SCHEMA, files, place_of
from ecr_secrets.settings import Config
from manifests.crd import crd
from tests.helm.helm import KNOWN, Helm, Values, the
from tests.helm.matrix import VALUES

each_values = pytest.mark.parametrize(
    "values", [pytest.param(values, id=name) for name, values in VALUES.items()]
)
DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
METADATA: dict[str, Any] = yaml.safe_load((CHART / "Chart.yaml").read_text())


@each_values
def test_lint_finds_nothing(helm: Helm, values: Values) -> None:
    """Warnings count as well."""
    said = helm.run("lint", "--strict", str(CHART), values=values)

    assert "[WARNING]" not in said
    assert "[ERROR]" not in said


@each_values
def test_both_helms_render_the_same(helms: dict[int, Helm], values: Values) -> None:
    """Whoever goes from Helm 3 to 4 gets no other objects."""
    assert helms[3].render(values, KNOWN) == helms[4].render(values, KNOWN)


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in files()])
def test_what_is_made_from_the_code_is_up_to_date(path: Path) -> None:
    """The files are those that `python -m chart.generated` writes."""
    assert path.read_text() == files()[path]


def test_the_crd_of_the_chart_is_that_of_the_code(helm4: Helm) -> None:
    """Whatever Helm's templates make of its text."""
    installed = the(helm4.render(), "CustomResourceDefinition")

    assert installed["spec"] == crd()["spec"]
    assert installed["metadata"]["name"] == crd()["metadata"]["name"]


def test_every_value_is_in_the_schema_with_a_description() -> None:
    """A value that the schema does not know could not be set."""
    schema = json.loads(SCHEMA.read_text())

    assert _undescribed(DEFAULTS, schema, "") == []


def _undescribed(values: dict[str, Any], schema: dict[str, Any], path: str) -> list[str]:
    known = schema.get("properties")
    if known is None:
        return []  # passed on to Kubernetes as it is
    found: list[str] = []
    for name, value in values.items():
        where = f"{path}.{name}"
        if not known.get(name, {}).get("description"):
            found.append(where)
        elif isinstance(value, dict):
            found += _undescribed(value, known[name], where)
    return found


def test_every_value_of_the_schema_has_a_default() -> None:
    """What can be set is to be seen in values.yaml."""
    schema = json.loads(SCHEMA.read_text())

    missing = {
        f"{group}.{name}"
        for group, values in DEFAULTS.items()
        if isinstance(values, dict) and not group.endswith("Probe")
        for name in schema["properties"][group].get("properties", {}).keys() - values.keys()
    }

    assert missing == set()
    assert schema["properties"].keys() - DEFAULTS.keys() == {"global", "enabled"}


def test_what_may_not_be_null_is_required() -> None:
    """Whoever sets a number or a switch to null takes it away, and is told."""
    assert _loose(DEFAULTS, json.loads(SCHEMA.read_text()), "") == []


def _loose(values: dict[str, Any], schema: dict[str, Any], path: str) -> list[str]:
    if "properties" not in schema or path.endswith("Probe"):
        return []  # passed on to Kubernetes, which has a default
    required = schema.get("required", [])
    found: list[str] = []
    for name, value in values.items():
        known = schema["properties"][name]
        where = f"{path}.{name}"
        if isinstance(value, dict):
            found += _loose(value, known, where)
        nullable = "null" in known.get("type", []) or None in known.get("enum", [])
        if isinstance(value, int | str) and value != "" and not nullable and name not in required:
            found.append(where)
    return found


_OTHERWISE = {"webhook_port": 9443, "lease_name": ""}  # than the operator's own default


@pytest.mark.parametrize(
    "name", [field.name for field in fields(Config) if field.name not in DERIVED]
)
def test_every_setting_is_a_value_with_the_default_of_the_operator(name: str) -> None:
    """Whoever reads values.yaml sees how the operator runs."""
    value: Any = DEFAULTS
    for step in place_of(name):
        value = value[step]

    assert value == _OTHERWISE.get(name, Config.__dataclass_fields__[name].default)


def test_what_artifact_hub_is_told_is_true(helm4: Helm) -> None:
    """Its annotations are YAML within YAML, which nobody else checks."""
    annotations = METADATA["annotations"]
    deployment = the(helm4.render(), "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]

    (image,) = yaml.safe_load(annotations["artifacthub.io/images"])
    (kind,) = yaml.safe_load(annotations["artifacthub.io/crds"])
    (example,) = yaml.safe_load(annotations["artifacthub.io/crdsExamples"])

    assert image["image"] == container["image"]
    assert kind["name"] == crd()["metadata"]["name"]
    assert (example["apiVersion"], example["kind"]) == (
        f"{crd()['spec']['group']}/{kind['version']}",
        kind["kind"],
    )


def test_the_package_has_a_readme_that_names_values_that_exist(helm: Helm, tmp_path: Path) -> None:
    """Helm shows it, and so does Artifact Hub."""
    helm.run("package", str(CHART), f"--destination={tmp_path}")
    (package,) = tmp_path.glob("*.tgz")

    readme = helm.run("show", "readme", str(package))

    rows = re.findall(r"^\| (`.*?) \|", readme, re.MULTILINE)
    named = [name for row in rows for name in re.findall("`([^`]+)`", row)]
    assert "credentials" in named
    assert [name for name in named if not _is_value(name)] == []
    (example,) = re.findall("```yaml\n(.*?)```", readme, re.DOTALL)
    assert the(helm.render(yaml.safe_load(example), KNOWN), "AWSECRCredential")


def _is_value(name: str) -> bool:
    value: Any = DEFAULTS
    for step in name.split("."):
        if step not in value:
            return False
        value = value[step]
    return True
