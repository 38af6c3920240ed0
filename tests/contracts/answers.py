"""Whether an answer is one that the document tells of: its status, its media type, its body."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from jsonschema_rs import Draft202012Validator, Registry

from tests.contracts.operations import Operation

DOCUMENT = "urn:document"


@dataclass
class Answers:
    """Compares answers with the document, each schema compiled once."""

    document: Mapping[str, Any]
    _registry: Registry = field(init=False)
    _schemas: dict[tuple[str, int, str], Draft202012Validator] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._registry = Registry([(DOCUMENT, self.document)])

    def faults(self, operation: Operation, answer: httpx.Response) -> Iterator[str]:
        """What the document does not tell of."""
        responses = operation.raw["responses"]
        if (told := responses.get(str(answer.status_code))) is None:
            yield f"{answer.status_code} is not in the document"
            return
        contents = operation.resolved(told).get("content", {})
        media_type = answer.headers.get("content-type", "").split(";")[0]
        if contents and media_type not in contents:
            yield f"{answer.status_code} is {media_type}, not {', '.join(contents)}"
        elif media_type.endswith("json") and "schema" in contents.get(media_type, {}):
            schema = self._schema(operation, answer.status_code, media_type, contents[media_type]["schema"])
            yield from (
                f"{answer.status_code}: /{'/'.join(map(str, error.instance_path))} {error.message[:200]}"
                for error in schema.iter_errors(answer.json())
            )

    def _schema(self, operation: Operation, status: int, media_type: str, schema: Any) -> Draft202012Validator:
        key = (operation.id, status, media_type)
        if key not in self._schemas:
            text = _absolute(schema)
            self._schemas[key] = Draft202012Validator(text, registry=self._registry, validate_formats=True)
        return self._schemas[key]


def _absolute(node: Any) -> Any:
    """References lead into the document."""
    if isinstance(node, dict):
        return {key: _absolute(value) for key, value in node.items()} | (
            {"$ref": DOCUMENT + node["$ref"]} if isinstance(node.get("$ref"), str) else {}
        )
    return [_absolute(value) for value in node] if isinstance(node, list) else node
