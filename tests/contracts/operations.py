"""The calls of an OpenAPI document as data: what each takes, who may make it, an example that it accepts (pure)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

METHODS = ("get", "put", "post", "delete", "patch")
JSON = "application/json"
FORM = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Operation:
    """One call.

    Attributes:
        raw: the operation object, references not followed.
        document: where its references lead.
    """

    method: str
    path: str
    raw: Mapping[str, Any]
    document: Mapping[str, Any] = field(repr=False)

    @property
    def id(self) -> str:
        return str(self.raw["operationId"])

    @property
    def alternatives(self) -> list[frozenset[str]]:
        """Sets of scopes, of which a caller needs one whole set; none at all for a public call."""
        return [frozenset(s for scopes in need.values() for s in scopes) for need in self.raw.get("security", [])]

    def admits(self, scopes: frozenset[str]) -> bool:
        return any(needed <= scopes for needed in self.alternatives)

    def parameters(self, where: str) -> list[dict[str, Any]]:
        """Parameters that stand in `path`, `query` or `header`."""
        found = [self.resolved(parameter) for parameter in self.raw.get("parameters", [])]
        return [parameter for parameter in found if parameter["in"] == where]

    def resolved(self, node: Any) -> dict[str, Any]:
        """The node, or what it refers to."""
        while "$ref" in node:
            target: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return dict(node)

    @property
    def contents(self) -> dict[str, Any]:
        """The request body by media type."""
        return dict(self.resolved(self.raw["requestBody"])["content"]) if "requestBody" in self.raw else {}

    def body_schema(self, media_type: str) -> dict[str, Any]:
        return self.resolved(self.contents[media_type].get("schema", {}))

    def examples(self, media_type: str) -> list[Any]:
        """Examples of the body, those of the media type before those of the schema."""
        content = self.contents[media_type]
        named = [self.resolved(example)["value"] for example in content.get("examples", {}).values()]
        return named or list(self.body_schema(media_type).get("examples", []))

    def sample(self, parameter: Mapping[str, Any]) -> Any:
        """A value that the parameter accepts."""
        if "example" in parameter:
            return parameter["example"]
        for example in (parameter.get("examples") or {}).values():
            return example["value"]
        return _sample(self.resolved(parameter["schema"]), self)


_BY_FORMAT = {"uuid": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d", "date": "2018-09-01"}


def _sample(schema: Mapping[str, Any], operation: Operation) -> Any:
    given = [
        *schema.get("examples", []),
        *([schema["default"]] if "default" in schema else []),
        *schema.get("enum", []),
    ]
    if given:
        return given[0]
    for alternative in (*schema.get("anyOf", []), *schema.get("allOf", [])):
        if alternative.get("type") != "null":
            return _sample(operation.resolved(alternative), operation)
    if schema.get("type") == "integer":
        return max(1, schema.get("minimum", 1))
    return _BY_FORMAT.get(schema.get("format", ""), "A")


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """All calls, in the document's order."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield Operation(method.upper(), path, item[method], document)


def merged_into(value: Any, changes: Any) -> Any:
    """`value` with the members of `changes` in it, deep; None removes a member."""
    if not isinstance(value, dict) or not isinstance(changes, dict):
        return changes
    result = dict(value)
    for key, change in changes.items():
        if change is None:
            result.pop(key, None)
        else:
            result[key] = merged_into(result.get(key), change)
    return result


def as_form(fields: Mapping[str, Any]) -> dict[str, str]:
    """Fields of a form: objects as JSON texts."""
    return {k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in fields.items()}
