"""Hostile input (S4) in each member, parameter, header, body and file of each call: a problem at most, and no echo.

`make test` gives each place the next value of the corpus; `make test-api` gives every place every value.
"""

import itertools
import os
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

import httpx

from tests.contracts import corpus
from tests.contracts.matrix import Matrix, guarded, owner_of, row_of
from tests.contracts.operations import FORM, JSON, Operation, as_form, merged_into
from tests.contracts.platform import principal

IS_WHOLE = os.environ.get("JIUYE_TEST_API") == "whole"
EACH = 1  # values for each place in `make test`


class Attacker:
    """Calls that are right but for one thing, by somebody who may make them."""

    def __init__(self, matrix: Matrix, operation: Operation) -> None:
        self.matrix, self.operation = matrix, operation
        row = row_of(operation.id)
        name = row.get("object") or row.get("list")
        kinds = matrix.holders(operation)
        owners = [who for kind in kinds if (who := owner_of(name, kind))] if name in matrix.known else []
        who = (owners or [principal(kinds[0])])[0]
        service = matrix.platform.service_of(operation)
        self.client = matrix.platform.http[service]
        self.headers = matrix.platform.authorization(service, who) | {"If-Match": '"1"'}
        self.path = {p["name"]: operation.sample(p) for p in operation.parameters("path")}
        self.path |= matrix.known.get(name or "", {}) | row.get("path", {})
        self.query = {p["name"]: operation.sample(p) for p in operation.parameters("query") if p.get("required")}
        self.query |= row.get("query", {})
        self.form = as_form(row.get("form", {}))
        self.file = ("a.csv", row.get("file", "a,b\n1,2\n").encode())
        examples = operation.examples(JSON) if JSON in operation.contents else []
        self.body = merged_into(examples[0], row.get("body", {})) if examples else {}
        self._keys = itertools.count()

    async def send(self, what: str, **changes: Any) -> None:
        """One call; what is wrong with its answer goes to the matrix."""
        request = {"path": self.path, "query": self.query, "headers": {}} | changes
        headers = self.headers | {"Idempotency-Key": f"{id(self)}-{next(self._keys)}"} | request["headers"]
        options: dict[str, Any] = {}
        if "content" in request:
            options["content"] = request["content"]
        elif FORM in self.operation.contents:
            options |= {"files": {"file": request.get("file", self.file)}, "data": request.get("form", self.form)}
        elif JSON in self.operation.contents:
            options["json"] = request.get("body", self.body)
        path = self.operation.path
        for name, value in request["path"].items():
            path = path.replace("{" + name + "}", _quoted(str(value)))
        try:
            answer = await self.client.request(
                self.operation.method, path, headers=headers, params=request["query"], **options
            )
        except httpx.HTTPError as exc:
            self.matrix.wrong.append(f"{self.operation.id}, {what}: {exc!r}")
            return
        # Another address may be another call's, or nobody's.
        is_foreign = bool({"path", "query"} & changes.keys())
        told = [] if is_foreign else self.matrix.answers.faults(self.operation, answer)
        for fault in (*faults(answer), *told):
            self.matrix.wrong.append(f"{self.operation.id}, {what}: {answer.status_code} {fault}: {answer.text[:200]}")


def _quoted(value: str) -> str:
    return "".join(f"%{byte:02X}" for byte in value.encode())


def faults(answer: httpx.Response) -> Iterator[str]:
    """What no answer may be."""
    if answer.status_code >= 500:
        yield "is a fault of ours"
    if answer.status_code < 400:
        return
    if answer.headers.get("content-type") != "application/problem+json":
        yield "is not a problem"
    elif not {"code", "title", "detail", "request_id"} <= answer.json().keys():
        yield "is not a whole problem"
    if corpus.CANARY in answer.text or corpus.CANARY in str(answer.headers):
        yield "repeats the input"


T = TypeVar("T")


class Turns(Generic[T]):
    """Hands out the whole table to each place, or the next few entries, so that all are used by turns."""

    def __init__(self, table: Iterable[T], each: int = EACH) -> None:
        self._table = list(table)
        self._each = each
        self._next = itertools.cycle(self._table)

    def for_next(self) -> Iterable[T]:
        return self._table if IS_WHOLE else itertools.islice(self._next, self._each)


async def test_no_member_of_a_body_does_harm(matrix: Matrix) -> None:
    values = Turns(corpus.VALUES.items())
    for operation in guarded(matrix):
        if JSON in operation.contents:
            attacker = Attacker(matrix, operation)
            for place in corpus.places(attacker.body):
                for name, value in values.for_next():
                    body = corpus.replaced(attacker.body, place, value)
                    await attacker.send(f"{name} at /{'/'.join(map(str, place))}", body=body)
    matrix.verdict()


async def test_no_body_does_harm(matrix: Matrix) -> None:
    turns = Turns(range(len(list(corpus.bodies({})))), 4 * EACH)
    for operation in guarded(matrix):
        if operation.method == "GET":
            continue
        attacker = Attacker(matrix, operation)
        bodies = list(corpus.bodies(attacker.body))
        for number in turns.for_next():
            name, content, headers = bodies[number]
            await attacker.send(f"{name} as the body", content=content, headers=headers)
    matrix.verdict()


async def test_no_parameter_does_harm(matrix: Matrix) -> None:
    texts = Turns(corpus.TEXTS.items())
    for operation in guarded(matrix):
        attacker = Attacker(matrix, operation)
        places = [(p["in"], p["name"]) for where in ("path", "query") for p in operation.parameters(where)]
        for where, parameter in places:
            for name, value in texts.for_next():
                given = (attacker.path if where == "path" else attacker.query) | {parameter: value}
                await attacker.send(f"{name} as {where} {parameter}", **{where: given})
        for name in attacker.query:
            await attacker.send(f"{name} twice", query={name: ["1", "2"]})
        if operation.method == "GET" or IS_WHOLE:
            await attacker.send("1 000 parameters", query=attacker.query | {f"p{n}": "1" for n in range(1000)})
    matrix.verdict()


async def test_no_header_does_harm(matrix: Matrix) -> None:
    values = Turns(corpus.HEADERS.items())
    for operation in guarded(matrix):
        attacker = Attacker(matrix, operation)
        for header in operation.parameters("header"):
            for name, value in values.for_next():
                await attacker.send(f"{name} as {header['name']}", headers={header["name"]: value})
    matrix.verdict()


async def test_no_file_does_harm(matrix: Matrix) -> None:
    files, texts = corpus.files(), Turns(corpus.TEXTS.items(), 3 * EACH)
    for operation in guarded(matrix):
        if FORM in operation.contents:
            attacker = Attacker(matrix, operation)
            for name, file in files.items():
                await attacker.send(f"{name} as the file", file=file)
            for place in operation.body_schema(FORM).get("properties", {}):
                for name, value in texts.for_next():
                    await attacker.send(f"{name} as {place}", form=attacker.form | {place: value})
            half = {"Content-Type": f"{FORM}; boundary=x"}
            await attacker.send("half a form", content=b"--x\r\nContent", headers=half)
            await attacker.send("no boundary", content=b"a", headers={"Content-Type": FORM})
    matrix.verdict()
