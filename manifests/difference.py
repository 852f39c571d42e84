"""How one object becomes another: the operations of a JSON Patch (RFC 6902)."""

from typing import Any

Operation = dict[str, Any]


def difference(before: Any, after: Any, path: str = "") -> list[Operation]:
    """List what has to be done to `before` to make it `after`, field by field.

    Lists are compared entry by entry if they are of one length, and else replaced.
    """
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        return _of_fields(before, after, path)
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [each for index, pair in pairs for each in difference(*pair, path=f"{path}/{index}")]
    return [{"op": "replace", "path": path, "value": after}]


def _of_fields(before: dict[str, Any], after: dict[str, Any], path: str) -> list[Operation]:
    found: list[Operation] = []
    for name, value in before.items():
        place = f"{path}/{_escaped(name)}"
        if name in after:
            found += difference(value, after[name], place)
        else:
            found.append({"op": "remove", "path": place})
    for name, value in after.items():
        if name not in before:
            found.append({"op": "add", "path": f"{path}/{_escaped(name)}", "value": value})
    return found


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
