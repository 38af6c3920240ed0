"""What schemathesis is told in its own process: for each call the token of somebody who may make it, and objects that
are there, which every other case is about.
"""

import itertools
import json
import os
from pathlib import Path
from typing import Any

import schemathesis

_KNOWN = json.loads(Path(os.environ["JIUYE_TEST_KNOWN"]).read_text(encoding="utf-8"))
TOKENS: dict[str, str] = _KNOWN["tokens"]
PATHS: dict[str, dict[str, str]] = _KNOWN["paths"]
_numbers = itertools.count()


def _call(case: schemathesis.Case, _: Any) -> str:
    return str(case.operation.definition.raw["operationId"])


@schemathesis.auth(cache_by_key=_call)
class Tokens:
    """By operation id; public calls have none."""

    def get(self, case: schemathesis.Case, context: Any) -> str | None:
        return TOKENS.get(_call(case, context))

    def set(self, case: schemathesis.Case, data: str | None, context: Any) -> None:
        if data:
            case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    known = PATHS.get(context.operation.definition.raw["operationId"])
    return (path_parameters or {}) | known if known and next(_numbers) % 2 else path_parameters


@schemathesis.hook
def before_call(context: Any, case: schemathesis.Case, kwargs: Any) -> None:
    """A key of its own for each case, as long as the one it had: an earlier case's answer is no answer to this one."""
    key = case.headers.get("Idempotency-Key", "")
    if 1 <= len(key) <= 255:
        case.headers["Idempotency-Key"] = f"case-{next(_numbers)}-{key}"[: max(len(key), 16)]
