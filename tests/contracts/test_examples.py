"""What an integrator does first: sends each call's own examples as they stand in the document.

That an object is missing, or in another state, is an answer; that the example is wrong is none.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from tests.contracts.matrix import Matrix
from tests.contracts.operations import FORM, JSON, URLENCODED, Operation, as_form
from tests.contracts.platform import GATEWAY, ROLES, Platform, principal

WRONG_INPUT = {400, 405, 413, 415, 422}
NO_SUCH_HOST = "NAME_UNKNOWN"  # of a webhook address: examples may not name a host that somebody has


def nodes(node: Any, where: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object of a document outside its examples, and where it stands."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    if isinstance(node, dict):
        yield where, node
    for key, value in items:
        if key not in ("example", "examples"):
            yield from nodes(value, f"{where}/{key}")


def examples_of(node: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Schema and value: of a body, answer or parameter, which has a schema, or of a schema itself."""
    given = node.get("examples", [])
    if "schema" in node:
        yield from ((node["schema"], example["value"]) for example in dict(given).values())
        yield from ((node["schema"], node[key]) for key in ("example",) if key in node)
    elif isinstance(given, list):
        yield from ((node, example) for example in given)


def test_every_example_fits_its_schema(platform: Platform) -> None:
    whole = Draft202012Validator(platform.document)
    wrong = [
        f"{where}: {error.json_path} {error.message}"
        for where, node in nodes(platform.document)
        for schema, example in examples_of(node)
        for error in whole.evolve(schema=schema).iter_errors(example)
    ]
    assert not wrong, "\n".join(wrong)


async def test_the_calls_that_the_page_leads_to_are_there(platform: Platform) -> None:
    page = (await platform.http[GATEWAY].get("/docs")).text
    calls = {f"#/{operation.raw['tags'][0]}/{operation.id}" for operation in platform.operations}
    links = set(re.findall(r'"(#/[^"]*)"', page))
    assert len(links) == 3
    assert links <= calls


def requests_of(operation: Operation) -> Iterator[dict[str, Any]]:
    """What to send: one request for each example of the body."""
    if JSON in operation.contents:
        yield from ({"json": example} for example in operation.examples(JSON))
    elif URLENCODED in operation.contents:
        yield from ({"data": example} for example in operation.examples(URLENCODED))
    elif FORM in operation.contents:
        example = dict(operation.contents[FORM]["example"])
        yield {"files": {"file": ("file.csv", example.pop("file").encode())}, "data": as_form(example)}
    else:
        yield {}


async def test_every_example_is_accepted_as_it_stands(matrix: Matrix) -> None:
    numbers = itertools.count()
    for operation in matrix.calls.values():
        kinds = sorted(matrix.holders(operation), key=lambda kind: bool(ROLES[kind].rows_of))
        who = principal(kinds[0]) if kinds else None
        headers = {p["name"]: operation.sample(p) for p in operation.parameters("header") if p.get("required")}
        headers |= matrix.platform.authorization(GATEWAY, who) if who else {}
        path = operation.path.format(**{p["name"]: operation.sample(p) for p in operation.parameters("path")})
        query = {p["name"]: operation.sample(p) for p in operation.parameters("query") if p.get("required")}
        for request in requests_of(operation):
            if "Idempotency-Key" in headers:  # as its example says: a new one for each operation
                headers["Idempotency-Key"] = f"example-{next(numbers)}"
            answer = await matrix.platform.http[GATEWAY].request(
                operation.method, path, params=query, headers=headers, **request
            )
            matrix.compare(operation, answer)
            is_right = is_answer(operation, answer) or (not request and is_refusal(answer))
            matrix.expect(operation, who.subject if who else "anybody", answer, is_right=is_right, wanted="an answer")
    matrix.verdict()


def is_answer(operation: Operation, answer: httpx.Response) -> bool:
    """Whether the example was understood, and what came back stands in the document."""
    if answer.status_code in WRONG_INPUT:
        return [error["code"] for error in answer.json().get("errors", [])] == [NO_SUCH_HOST]
    return answer.status_code < 500 and str(answer.status_code) in operation.raw["responses"]


def is_refusal(answer: httpx.Response) -> bool:
    """Whether what is stored is not fit for the call: a draft that is not complete."""
    return answer.status_code == 422 and answer.json()["code"] not in ("VALIDATION_FAILED", "PARAMETER_INVALID")
