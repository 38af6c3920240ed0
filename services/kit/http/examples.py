"""Puts nulls back into the examples of an OpenAPI document: FastAPI leaves every null out when it writes one (pure)."""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]


def restore_nulls(document: Schema) -> None:
    """Completes the examples of models, bodies and answers in place, by what their schemas demand."""
    for schema in document["components"]["schemas"].values():
        if "examples" in schema:
            schema["examples"] = [_filled(example, schema, document) for example in schema["examples"]]
    for content in _contents(document):
        schema = content.get("schema", {})
        if "example" in content:
            content["example"] = _filled(content["example"], schema, document)
        for example in content.get("examples", {}).values():
            if "value" in example:
                example["value"] = _filled(example["value"], schema, document)


def _contents(document: Schema) -> Iterator[Schema]:
    for path in document.get("paths", {}).values():
        for operation in path.values():
            for holder in (operation.get("requestBody", {}), *operation["responses"].values()):
                yield from holder.get("content", {}).values()


def _filled(value: Any, schema: Schema, document: Schema) -> Any:
    schema = _resolved(schema, document)
    if isinstance(value, list):
        return [_filled(item, schema.get("items", {}), document) for item in value]
    if not isinstance(value, dict):
        return value
    for alternative in (*schema.get("anyOf", []), *schema.get("oneOf", [])):
        if _fits(value, _resolved(alternative, document), document):
            return _filled(value, alternative, document)
    members = schema.get("properties", {})
    rest = schema.get("additionalProperties")
    rest = rest if isinstance(rest, dict) else {}
    nulls = {name: None for name in schema.get("required", []) if name in members and name not in value}
    kept = {name: _filled(member, members.get(name, rest), document) for name, member in value.items()}
    return kept | {name: None for name in nulls if _may_be_null(members[name], document)}


def _fits(value: Schema, schema: Schema, document: Schema) -> bool:
    """Whether an object may be meant by the schema: it has every member that must not be null."""
    members = schema.get("properties", {})
    needed = [name for name in schema.get("required", []) if not _may_be_null(members.get(name, {}), document)]
    constants = {name: member["const"] for name, member in members.items() if "const" in member}
    return (
        schema.get("type") == "object"
        and all(name in value for name in needed)
        and all(value.get(name, constant) == constant for name, constant in constants.items())
    )


def _may_be_null(schema: Schema, document: Schema) -> bool:
    schema = _resolved(schema, document)
    return "null" in schema.get("type", []) or any(
        _may_be_null(alternative, document) for alternative in (*schema.get("anyOf", []), *schema.get("oneOf", []))
    )


def _resolved(schema: Schema, document: Schema) -> Schema:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema
