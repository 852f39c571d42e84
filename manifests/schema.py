"""Turns the types that parse an object into the structural schema of its CRD."""

from typing import Any

import msgspec

Schema = dict[str, Any]

# Of JSON Schema, what a structural schema may hold; `title` and the like are left behind.
_KEPT = (
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
    "minimum",
    "maximum",
    "required",
)


def structural_schema(kind: type) -> Schema:
    """Return the structural schema of a msgspec type: no references, no unions with null."""
    (schema,), components = msgspec.json.schema_components([kind], ref_template="{name}")
    return _convert(schema, components)


def _convert(schema: Schema, components: dict[str, Schema]) -> Schema:
    schema = _resolve(schema, components)
    converted = {key: schema[key] for key in _KEPT if key in schema}
    if "pattern" in converted:  # the dialect of a schema is not Python's
        converted["pattern"] = converted["pattern"].replace(r"\Z", "$")
    if converted.get("default", ...) in (None, [], ()):
        del converted["default"]
    if not converted.get("required", ...):
        del converted["required"]
    if "enum" in converted:
        converted.setdefault("type", "string")
    if "items" in schema:
        converted["items"] = _convert(schema["items"], components)
    if "properties" in schema:
        converted["properties"] = {
            name: _convert(field, components) for name, field in schema["properties"].items()
        }
    return converted


def _resolve(schema: Schema, components: dict[str, Schema]) -> Schema:
    """Put what a reference or an optional value stands for in its place; the nearer text wins."""
    if "$ref" in schema:
        return _resolve(components[schema["$ref"]], components) | _own(schema, "$ref")
    if "anyOf" in schema:
        (option,) = (option for option in schema["anyOf"] if option != {"type": "null"})
        return _resolve(option, components) | _own(schema, "anyOf")
    return schema


def _own(schema: Schema, key: str) -> Schema:
    return {name: value for name, value in schema.items() if name != key}
