"""Whether an OpenAPI 3.1 document is valid: by the official schemas, and in what no schema can say (pure).

The schemas come with openapi-spec-validator, whose own check takes seconds for a document as large as ours.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jsonschema_rs import Draft202012Validator, Registry

from tests.contracts.operations import operations

OFFICIAL = {
    "https://spec.openapis.org/oas/3.1/schema/2022-10-07": (
        "openapi_spec_validator",
        "resources/schemas/v3.1/schema.json",
    ),
    "https://spec.openapis.org/oas/3.1/dialect/base": ("openapi_schema_validator", "schemas/oas3.1/metaschema.json"),
    "https://spec.openapis.org/oas/3.1/meta/base": ("openapi_schema_validator", "schemas/oas3.1/vocabularies/base"),
}
# The schema of documents leaves open what a Schema Object is; this says, as the official one with a base does.
WITH_BASE = {
    "$id": "urn:with-base",
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$ref": "https://spec.openapis.org/oas/3.1/schema/2022-10-07",
    "$defs": {"schema": {"$dynamicAnchor": "meta", "$ref": "https://spec.openapis.org/oas/3.1/dialect/base"}},
}
DOCUMENT = "urn:document"
VALUES = ("default", "example", "examples", "enum", "const")  # below these nothing refers or defines
NAMED = ("properties", "patternProperties", "$defs", "schemas", "responses")  # below these keys are names


@cache
def _official() -> Draft202012Validator:
    found = [(uri, json.loads(files(package).joinpath(path).read_bytes())) for uri, (package, path) in OFFICIAL.items()]
    return Draft202012Validator(WITH_BASE, registry=Registry(found))


def assert_valid(document: Mapping[str, Any]) -> None:
    """Lists everything that is wrong with a document."""
    wrong = [f"/{'/'.join(map(str, e.instance_path))}: {e.message[:200]}" for e in _official().iter_errors(document)]
    if not wrong:
        wrong = [*_of_references(document), *_of_calls(document)]
    if not wrong:
        wrong = [*_of_defaults(document)]
    assert not wrong, "\n".join(wrong)


def _nodes(node: Any, where: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Every object that is not itself a mere table of names, and where it stands."""
    is_table = bool(where) and where[-1] in NAMED and where[-2:-1] != ("properties",)
    if isinstance(node, dict) and not is_table:
        yield where, node
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, member in items:
        if is_table or key not in VALUES:
            yield from _nodes(member, (*where, str(key)))


def _of_references(document: Mapping[str, Any]) -> Iterator[str]:
    for where, node in _nodes(document):
        if isinstance(reference := node.get("$ref"), str):
            target: Any = document
            for part in reference.removeprefix("#/").split("/"):
                name = part.replace("~1", "/").replace("~0", "~")
                target = target.get(name) if isinstance(target, dict) else None
            if target is None:
                yield f"/{'/'.join(where)}: {reference} leads nowhere"


def _of_calls(document: Mapping[str, Any]) -> Iterator[str]:
    calls = list(operations(document))
    yield from (f"two calls named {name}" for name in _repeated(call.raw.get("operationId") for call in calls))
    yield from (f"two tags named {name}" for name in _repeated(tag["name"] for tag in document.get("tags", [])))
    for call in calls:
        shared = [call.resolved(parameter) for parameter in document["paths"][call.path].get("parameters", [])]
        own = [parameter for where in ("path", "query", "header", "cookie") for parameter in call.parameters(where)]
        for place, name in _repeated((parameter["in"], parameter["name"]) for parameter in own):
            yield f"{call.method} {call.path}: two parameters {name} in {place}"
        told = {parameter["name"] for parameter in shared + own if parameter["in"] == "path"}
        if told != set(re.findall(r"\{([^}]*)\}", call.path)):
            yield f"{call.method} {call.path}: its parameters of the path are {sorted(told)}"


def _of_defaults(document: Mapping[str, Any]) -> Iterator[str]:
    registry = Registry([(DOCUMENT, document)])
    for where, node in _nodes(document):
        if "default" in node:
            pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in where)
            schema = Draft202012Validator({"$ref": f"{DOCUMENT}#{quote(pointer)}"}, registry=registry)
            yield from (
                f"{pointer}: the default: {error.message[:200]}" for error in schema.iter_errors(node["default"])
            )


def _repeated(names: Any) -> list[Any]:
    return [name for name, count in Counter(name for name in names if name is not None).items() if count > 1]
