"""What breaks a client and what does not, planted one by one."""

from copy import deepcopy
from typing import Any

import pytest

from sdk.maker.compatibility import breaks

DOCUMENT: dict[str, Any] = {
    "paths": {
        "/things/{id}": {
            "post": {
                "operationId": "change_thing",
                "security": [{"OAuth2": ["thing.write"]}],
                "parameters": [
                    {"in": "path", "name": "id", "required": True, "schema": {"type": "string"}},
                    {"in": "query", "name": "size", "schema": {"type": "integer", "maximum": 10}},
                ],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ThingIn"}}},
                },
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "404": {"content": {}},
                },
            }
        }
    },
    "webhooks": {"thing.changed": {}},
    "components": {
        "schemas": {
            "ThingIn": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "maxLength": 10, "pattern": "^a"},
                    "colour": {"enum": ["RED", "BLUE"]},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/ThingIn"}},
                },
            },
            "Thing": {
                "type": "object",
                "required": ["name", "size"],
                "properties": {
                    "name": {"type": "string"},
                    "size": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                    "colour": {"enum": ["RED", "BLUE"]},
                    "inner": {"anyOf": [{"$ref": "#/components/schemas/Thing"}, {"type": "null"}]},
                },
            },
        }
    },
}
CALL = "paths./things/{id}.post"
IN, OUT = "components.schemas.ThingIn", "components.schemas.Thing"
GONE = object()


def changed(where: str, value: Any) -> dict[str, Any]:
    """The document with one member replaced, added, or taken away."""
    document = deepcopy(DOCUMENT)
    *way, last = where.split(".")
    node: Any = document
    for part in way:
        node = node[int(part)] if isinstance(node, list) else node[part]
    if value is GONE:
        del node[last]
    else:
        node[int(last) if isinstance(node, list) else last] = value
    return document


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        ("paths./things/{id}", GONE, "接口没有了"),
        (CALL, GONE, "接口没有了"),
        (f"{CALL}.operationId", "alter_thing", "operationId"),
        (f"{CALL}.security.0", {"OAuth2": ["thing.write", "thing.read"]}, "权限 thing.write 不够了"),
        (f"{CALL}.parameters.1", {"in": "query", "name": "length", "schema": {"type": "integer"}}, "参数 size 没有了"),
        (f"{CALL}.parameters.1.required", True, "参数 size 变为必填"),
        (f"{CALL}.parameters.1.schema.maximum", 9, "maximum 收紧为 9"),
        (f"{CALL}.parameters.1.schema.minimum", 1, "minimum 收紧为 1"),
        (f"{CALL}.requestBody.required", True, "请求内容变为必填"),
        (f"{CALL}.requestBody.content", {"text/csv": {}}, "不再接受 application/json"),
        (f"{CALL}.responses.200", GONE, "不再应答 200"),
        (f"{CALL}.responses.200.content", {"text/csv": {}}, "不再是 application/json"),
        (f"{IN}.required", ["name", "colour"], "请求.colour 变为必填"),
        (f"{IN}.properties.colour", GONE, "请求.colour 没有了"),
        (f"{IN}.properties.colour.enum", ["RED"], "请求.colour 不再接受 BLUE"),
        (f"{IN}.properties.name.type", "integer", "请求.name 的类型"),
        (f"{IN}.properties.name.maxLength", 9, "maxLength"),
        (f"{IN}.properties.name.pattern", "^b", "格式改为 ^b"),
        (f"{IN}.properties.parts.items", {"type": "string"}, "请求.parts[] 的类型"),
        (f"{OUT}.properties.colour", GONE, "应答 200.colour 没有了"),
        (f"{OUT}.properties.name", {"anyOf": [{"type": "string"}, {"type": "null"}]}, "应答 200.name 的类型"),
        (f"{OUT}.required", ["name"], "应答 200.size 不再总有"),
        ("webhooks", {}, "webhooks thing.changed"),
    ],
)
def test_what_breaks_is_said(where: str, value: Any, said: str) -> None:
    found = breaks(DOCUMENT, changed(where, value))
    assert len(found) >= 1
    assert any(said in sentence for sentence in found), found


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("paths./others", {"get": {"operationId": "list_others", "responses": {}}}),
        (f"{CALL}.security", [{"OAuth2": ["thing.write"]}, {"OAuth2": ["thing.own"]}]),
        (f"{CALL}.security", []),
        (f"{CALL}.parameters.1.schema.maximum", 11),
        (f"{CALL}.responses.201", {}),
        (f"{CALL}.responses.404", GONE),
        (f"{IN}.required", []),
        (f"{IN}.properties.colour.enum", ["RED", "BLUE", "GREEN"]),
        (f"{IN}.properties.size", {"type": "integer"}),
        (f"{IN}.properties.name", {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        (f"{OUT}.properties.length", {"type": "integer"}),
        (f"{OUT}.properties.size", {"type": "integer"}),
        (f"{OUT}.properties.colour.enum", ["RED", "BLUE", "GREEN"]),
        ("webhooks.thing.removed", {}),
    ],
)
def test_what_adds_does_not_break(where: str, value: Any) -> None:
    document = deepcopy(DOCUMENT) | {"webhooks": DOCUMENT["webhooks"] | {"thing.removed": {}}}
    assert breaks(DOCUMENT, document if where.startswith("webhooks") else changed(where, value)) == []
