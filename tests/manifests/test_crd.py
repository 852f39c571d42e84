"""The CRD: what the API server refuses before the operator ever sees it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import yaml

from ecr_secrets.core.credential import parse_credential
from ecr_secrets.core.spec import AwsAccessSpec, CredentialSpec, RegistrySpec
from ecr_secrets.core.status import (
    Condition,
    Failure,
    NamespaceCounts,
    RegistryStatus,
    Status,
)
from ecr_secrets.errors import InvalidSpecError
from manifests.crd import crd
from manifests.schema import Schema, structural_schema
from testbed.operator import CRD
from tests.core.builders import a_credential_manifest

VERSION = crd()["spec"]["versions"][0]
SCHEMA: Schema = VERSION["schema"]["openAPIV3Schema"]
SPEC, STATUS = (SCHEMA["properties"][name] for name in ("spec", "status"))
# What `metadata`, `apiVersion` and `kind` hold is bounded by the API server itself.
NODES_OF_OURS = ("spec", "status")


def walk(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """List all parts of a schema with their paths."""
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from walk(field, f"{path}.{name}")
    if "items" in schema:
        yield from walk(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from walk(schema["additionalProperties"], f"{path}{{}}")


NODES = [node for name in NODES_OF_OURS for node in walk(SCHEMA["properties"][name], name)]
each_node = pytest.mark.parametrize(
    ("path", "schema"), [pytest.param(path, schema, id=path) for path, schema in NODES]
)


def test_the_manifest_is_yaml_of_the_crd() -> None:
    """Written out, it still means the same."""
    assert yaml.safe_load(CRD.read_text(encoding="utf-8")) == crd()


@each_node
def test_everything_is_bounded(path: str, schema: Schema) -> None:
    """Nobody can fill etcd with one object, nor make a rule too costly for the API server."""
    bounds = {
        "string": {"maxLength"} if "enum" not in schema else {"enum"},
        "array": {"maxItems", "items"},
        "object": {"properties"},
        "integer": set(),
    }

    assert bounds[schema["type"]] <= schema.keys()
    assert not {"additionalProperties", "x-kubernetes-preserve-unknown-fields"} & schema.keys()


# What a structural schema may hold, of what we use.
STRUCTURAL = {
    "type",
    "description",
    "default",
    "enum",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "required",
    "items",
    "properties",
    "x-kubernetes-validations",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
}


@each_node
def test_the_schema_is_structural(path: str, schema: Schema) -> None:
    """No references, no unions, no formats that the API server does not know."""
    assert schema.keys() <= STRUCTURAL
    assert schema.get("format", "date-time") == "date-time"
    assert set(schema.get("required", ())) <= schema.get("properties", {}).keys()


@each_node
def test_patterns_are_of_the_dialect_of_the_api_server(path: str, schema: Schema) -> None:
    r"""Go's regular expressions know neither `\Z` nor looking ahead; ours are anchored."""
    pattern = schema.get("pattern")

    if pattern is not None:
        assert pattern.startswith("^")
        assert pattern.endswith("$")
        assert not re.search(r"\\[A-Za-z]|\(\?", pattern)


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        pytest.param(SPEC, CredentialSpec, id="spec"),
        pytest.param(SPEC["properties"]["awsAccess"], AwsAccessSpec, id="awsAccess"),
        pytest.param(SPEC["properties"]["registries"]["items"], RegistrySpec, id="registries"),
        pytest.param(STATUS, Status, id="status"),
        pytest.param(STATUS["properties"]["conditions"]["items"], Condition, id="conditions"),
        pytest.param(
            STATUS["properties"]["registries"]["items"], RegistryStatus, id="status-registries"
        ),
        pytest.param(STATUS["properties"]["namespaces"], NamespaceCounts, id="counts"),
        pytest.param(STATUS["properties"]["failures"]["items"], Failure, id="failures"),
    ],
)
def test_the_schema_has_the_fields_of_the_code(schema: Schema, kind: type[msgspec.Struct]) -> None:
    """What the API server accepts and what the operator parses cannot drift apart."""
    assert list(schema["properties"]) == list(kind.__struct_encode_fields__)
    required = {field.encode_name for field in msgspec.structs.fields(kind) if field.required}
    assert set(schema.get("required", ())) == required


class _Sample(msgspec.Struct, rename="camel"):
    name: str
    maybe: str | None = None
    many: list[int] = []
    with_default: str = "here"


def test_a_schema_follows_its_type() -> None:
    """Optional fields are of their type and not required; `null` and empty are no defaults."""
    assert structural_schema(_Sample) == {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "maybe": {"type": "string"},
            "many": {"type": "array", "items": {"type": "integer"}},
            "withDefault": {"type": "string", "default": "here"},
        },
    }


@pytest.mark.parametrize(
    ("field", "default"),
    [pytest.param(SPEC["properties"]["awsAccess"]["properties"]["namespace"], "default", id="ns")],
)
def test_defaults_are_the_originals(field: Schema, default: str) -> None:
    """What the API server fills in is what the operator would."""
    assert field["default"] == default


def test_the_api_is_the_originals() -> None:
    """Group, version, kind and scope: its manifests apply unchanged."""
    names = crd()["spec"]["names"]

    assert crd()["metadata"]["name"] == "awsecrcredentials.aws.zakariaamine.com"
    assert (crd()["spec"]["scope"], VERSION["name"]) == ("Cluster", "v1alpha1")
    assert names["kind"] == "AWSECRCredential"
    assert (names["shortNames"], names["categories"]) == (["ecrcred"], ["ecr"])
    assert VERSION["subresources"] == {"status": {}}


def test_printer_columns_point_at_fields_that_exist() -> None:
    """A column with a typing error would stay empty for ever."""
    columns = {column["name"]: column for column in VERSION["additionalPrinterColumns"]}

    assert list(columns) == [
        "Ready",
        "Secret",
        "Namespaces",
        "Expires",
        "Age",
        "Reason",
        "Regions",
    ]
    assert [name for name, column in columns.items() if column.get("priority")] == [
        "Reason",
        "Regions",
    ]
    known = {f".{path.replace('[]', '')}" for path, _ in NODES}
    for column in columns.values():
        path = re.sub(r"\[.*\]", "", column["jsonPath"])
        assert path in known | {".metadata.creationTimestamp"}


ROLE = "arn:aws:iam::111122223333:role/pull"


def refused_by_pattern(schema: Schema, value: str) -> bool:
    """Apply bounds and pattern as the API server does: `$` is the very end there."""
    inside = schema.get("minLength", 0) <= len(value) <= schema["maxLength"]
    pattern = schema["pattern"].removesuffix("$") + r"\Z"
    return not inside or not re.search(pattern, value)


@pytest.mark.parametrize(
    ("schema", "spec", "values"),
    [
        pytest.param(
            SPEC["properties"]["secretName"],
            '{"secretName": %s, "namespaces": ["a"]}',
            ["a", "a.b", "a-b", "a" * 253, "", "A", "a_b", "-a", "a.", "a\n", "a" * 254, "ä"],
            id="secretName",
        ),
        pytest.param(
            SPEC["properties"]["namespaces"]["items"],
            '{"secretName": "a", "namespaces": [%s]}',
            ["a", "a-b", "a" * 63, "", "a.b", "A", "a-", "a\n", "a" * 64],
            id="namespaces",
        ),
        pytest.param(
            SPEC["properties"]["awsAccess"]["properties"]["roleArn"],
            '{"secretName": "a", "namespaces": ["a"], "awsAccess": {"roleArn": %s}}',
            [ROLE, "arn:aws-cn:iam::111122223333:role/a/b", "", "role", ROLE + "\n", ROLE + " "],
            id="roleArn",
        ),
    ],
)
def test_both_gates_let_the_same_pass(schema: Schema, spec: str, values: list[str]) -> None:
    """The second gate is for objects stored before a change of the schema; it is not another."""
    for value in values:
        fields: dict[str, Any] = json.loads(spec % json.dumps(value))
        manifest = a_credential_manifest(**{"awsAccess": ..., **fields})
        try:
            parse_credential(manifest)
        except InvalidSpecError:
            refused = True
        else:
            refused = False
        assert refused == refused_by_pattern(schema, value), value


def test_rules_that_a_schema_cannot_say_are_there() -> None:
    """Those that the API server has to evaluate itself; that it does is tested against one."""
    rules = {
        path: [rule["rule"] for rule in schema["x-kubernetes-validations"]]
        for path, schema in NODES
        if "x-kubernetes-validations" in schema
    }

    assert rules == {
        "spec.awsAccess": [
            "!has(self.externalId) || has(self.roleArn)",
            "has(self.secretName) || has(self.roleArn)",
        ],
        "spec.registries[]": ["!self.region.matches('[a-z]$')"],
    }
    assert SPEC["properties"]["registries"]["x-kubernetes-list-map-keys"] == ["region"]
    assert STATUS["properties"]["conditions"]["x-kubernetes-list-map-keys"] == ["type"]
