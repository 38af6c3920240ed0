"""Who reads the document finds at each call what it does, what to send, what comes back, and all of it in Chinese."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from api_gateway.documents import service
from tests.contracts.operations import JSON, Operation
from tests.contracts.platform import Platform

MEANINGS = yaml.safe_load(Path(service.__file__).with_name("meanings.yaml").read_text(encoding="utf-8"))
CHINESE = re.compile("[\u4e00-\u9fff]")
LONGEST_SUMMARY = 60
PAGED = {"limit", "cursor"}


def is_told(text: Any) -> bool:
    return isinstance(text, str) and CHINESE.search(text) is not None


def gaps(call: Operation) -> Iterator[str]:
    """What somebody who has the document alone would have to ask."""
    summary, description = call.raw["summary"], call.raw.get("description", "").partition("所需权限")[0]
    if not is_told(summary) or len(summary) > LONGEST_SUMMARY:
        yield "its summary"
    if not is_told(description):
        yield "its description"
    for where in ("path", "query", "header"):
        for parameter in call.parameters(where):
            schema = call.resolved(parameter["schema"])
            if not is_told(parameter.get("description", schema.get("description"))):
                yield f"{where} {parameter['name']}"
    for media_type, content in call.contents.items():
        if not (call.examples(media_type) or "example" in content):
            yield f"an example of {media_type}"
    for status, response in call.raw["responses"].items():
        yield from _gaps_of_answer(call, status, call.resolved(response))
    if {p["name"] for p in call.parameters("query")} & PAGED not in (set(), PAGED):
        yield "limit and cursor go together"


def _gaps_of_answer(call: Operation, status: str, response: dict[str, Any]) -> Iterator[str]:
    if not is_told(response["description"]):
        yield f"what {status} means"
    for media_type, content in response.get("content", {}).items():
        shown = [call.resolved(example)["value"] for example in content.get("examples", {}).values()]
        if status < "4" and media_type == JSON:
            schema = call.resolved(content["schema"])
            if not (shown or "example" in content or schema.get("examples")):
                yield f"an example of {status}"
        if "problem" in media_type:
            yield from (f"the words of {one['code']}" for one in shown if not is_told(one["title"] + one["detail"]))


def test_nothing_has_to_be_asked(platform: Platform) -> None:
    missing = [f"{call.method} {call.path}: {gap}" for call in platform.operations for gap in gaps(call)]
    assert not missing, "\n".join(missing)


def test_what_a_value_means_is_told(platform: Platform) -> None:
    """A new one gets its words in `api_gateway/documents/meanings.yaml`, unless the enumeration has its own."""
    schemas = platform.document["components"]["schemas"]
    untold = [
        f"{name}: {value}"
        for name, schema in schemas.items()
        for value in schema.get("enum", [])
        if not is_told(schema.get("description")) or (name in MEANINGS and value not in MEANINGS[name][1])
    ]
    assert not untold, "\n".join(untold)
    assert not MEANINGS.keys() - schemas.keys()
    foreign = [
        name for name, schema in schemas.items() if "description" in schema and not is_told(schema["description"])
    ]
    assert not foreign
