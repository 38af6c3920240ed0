"""What many calls of a document say alike stands once; what a reader needs stands at each call (pure)."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from api_gateway.documents.domain import Document, operations
from kit.http.problems import MEDIA_TYPE

_LIMIT_HEADERS = ("RateLimit", "RateLimit-Policy")
_CHINESE = re.compile("[\u4e00-\u9fff]")
Meanings = Mapping[str, tuple[str, Mapping[str, str]]]


def share_problems(document: Document) -> Document:
    """The document with equal problem responses as one component each, named by status and codes.

    Without it nine tenths of the merged document are repetitions of the same examples.
    """
    found = Counter(
        key
        for _, _, operation in operations(document)
        for status, response in operation["responses"].items()
        if (key := _key(status, response))
    )
    shared = document["components"].setdefault("responses", {})
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            key = _key(status, response)
            if key is None or found[key] < 2:
                continue
            name = ".".join([status, *response["content"][MEDIA_TYPE]["examples"]])
            if shared.setdefault(name, response) == response:
                operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    return document


def title_schemas(document: Document) -> Document:
    """The document with every schema's name as its title: client generators name classes after it."""
    for name, schema in document["components"].get("schemas", {}).items():
        schema["title"] = name
    return document


def explain_values(document: Document, meanings: Meanings) -> Document:
    """The document with what the values of each enumeration mean; words of the code for who programs it are left out.

    Args:
        meanings: by the schema's name: what it is, and each of its values.
    """
    for name, schema in document["components"].get("schemas", {}).items():
        if not _CHINESE.search(schema.get("description", "")):
            schema.pop("description", None)
            if name in meanings:
                what, values = meanings[name]
                schema["description"] = f"{what}：{'；'.join(f'`{value}` {told}' for value, told in values.items())}。"
    return document


def tell_limits(document: Document) -> Document:
    """The document with rate limits and their headers on every call that needs a token."""
    headers = document["components"].setdefault("headers", {})
    headers["RateLimit"] = {
        "description": "还可调用r次，t秒后恢复（draft-ietf-httpapi-ratelimit-headers）",
        "schema": {"type": "string", "examples": ['"client";r=599;t=1']},
    }
    headers["RateLimit-Policy"] = {
        "description": "额度：每w秒q次",
        "schema": {"type": "string", "examples": ['"client";q=600;w=60']},
    }
    told = {name: {"$ref": f"#/components/headers/{name}"} for name in _LIMIT_HEADERS}
    for _, _, operation in operations(document):
        if not operation.get("security"):
            continue
        operation["responses"]["429"] = {"$ref": "#/components/responses/GatewayLimited"}
        for status, response in operation["responses"].items():
            if status < "3":
                response["headers"] = response.get("headers", {}) | told
    document["components"]["responses"]["GatewayLimited"]["headers"] |= told
    return document


def tell_scopes(document: Document) -> Document:
    """The document with the scopes of each call in its description: pages show them behind a lock, or not at all."""
    for _, _, operation in operations(document):
        needs = [
            " ".join(f"`{scope}`" for scopes in need.values() for scope in scopes)
            for need in operation.get("security", [])
        ]
        if needs:
            told = [operation["description"]] if operation.get("description") else []
            operation["description"] = "\n\n".join([*told, f"所需权限：{' 或 '.join(needs)}"])
    return document


def show_examples(document: Document) -> Document:
    """The document with an example at each required parameter: a page fills in these, not those of schemas."""
    for _, _, operation in operations(document):
        for parameter in operation.get("parameters", []):
            schema = parameter.get("schema", {})
            schema = document["components"]["schemas"][schema["$ref"].split("/")[-1]] if "$ref" in schema else schema
            found = [
                *schema.get("examples", []),
                *schema.get("enum", []),
                *([schema["minimum"]] if "minimum" in schema else []),
            ]
            if parameter.get("required") and found and not parameter.keys() & {"example", "examples"}:
                parameter["example"] = found[0]
    return document


def _key(status: str, response: dict[str, Any]) -> str | None:
    is_problem = status >= "4" and MEDIA_TYPE in response.get("content", {})
    if not is_problem or "examples" not in response["content"][MEDIA_TYPE]:
        return None
    return json.dumps([status, response], ensure_ascii=False, sort_keys=True)
