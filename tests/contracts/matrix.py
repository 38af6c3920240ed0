"""The reviewed table of rows, and the platform with one object of each sort in it."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from kit.auth.principal import Principal
from tests.contracts.answers import Answers
from tests.contracts.operations import FORM, JSON, Operation, as_form, merged_into
from tests.contracts.platform import GATEWAY, ROLES, Platform, principal

TABLE = yaml.load((Path(__file__).parent / "matrix.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
OBJECTS: dict[str, dict[str, Any]] = TABLE["objects"]
CALLS: dict[str, Any] = TABLE["calls"]


def row_of(operation_id: str) -> dict[str, Any]:
    row = CALLS.get(operation_id, "city")  # what has no row fails once, in the test that says so
    return {"rows": row} if isinstance(row, str) else row


@dataclass
class Matrix:
    """The platform with one object of each sort in it.

    Attributes:
        known: path parameters of each object.
        unmade: objects that could not be made, with the reason.
        wrong: what was seen and should not have been, for one list at the end.
    """

    platform: Platform
    calls: dict[str, Operation]
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    unmade: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    answers: Answers = field(init=False)

    def __post_init__(self) -> None:
        self.answers = Answers(self.platform.document)

    async def call(
        self,
        operation: Operation,
        headers: dict[str, str],
        made: dict[str, Any],
        path: dict[str, Any] | None = None,
        *,
        is_direct: bool = False,
    ) -> httpx.Response:
        """The call with its example, or what `made` says instead.

        Args:
            made: `path`, `query`, `body`, `file`, `form`.
            path: path parameters that are known.
            is_direct: without a socket; only for what is refused before the service reads or writes anything.
        """
        values = {p["name"]: operation.sample(p) for p in operation.parameters("path")} | (path or {})
        values |= made.get("path", {})
        query = {p["name"]: operation.sample(p) for p in operation.parameters("query") if p.get("required")}
        options: dict[str, Any] = {"params": query | made.get("query", {})}
        if FORM in operation.contents:
            content = made.get("file", "x").encode()
            options |= {"files": {"file": ("file.csv", content)}, "data": as_form(made.get("form", {}))}
        elif JSON in operation.contents:
            examples = operation.examples(JSON)
            options["json"] = merged_into(examples[0] if examples else {}, made.get("body", {}))
        sent = {"Idempotency-Key": secrets.token_hex(8)} | headers
        service = self.platform.service_of(operation)
        clients = self.platform.direct if is_direct else self.platform.http
        answer = await clients[service].request(
            operation.method, operation.path.format(**values), headers=sent, **options
        )
        self.compare(operation, answer)
        return answer

    def compare(self, operation: Operation, answer: httpx.Response) -> None:
        """What the document does not tell of is wrong, whoever asked."""
        self.wrong.extend(f"{operation.id}: {fault}" for fault in self.answers.faults(operation, answer))

    async def as_(
        self, who: Principal, operation: Operation, made: dict[str, Any], path: dict[str, Any] | None = None
    ) -> httpx.Response:
        """The call by somebody, with the version that a new object has."""
        headers = self.platform.authorization(self.platform.service_of(operation), who) | {"If-Match": '"1"'}
        return await self.call(operation, headers, made, path)

    async def refused(self, who: Principal, operation: Operation) -> httpx.Response:
        """The call by somebody who should get no further than the check of scopes."""
        headers = self.platform.authorization(self.platform.service_of(operation), who)
        return await self.call(operation, headers, {}, is_direct=True)

    async def make(self, name: str) -> None:
        sort = OBJECTS[name]
        if "inserted" in sort:
            for schema, statement in sort["inserted"].items():
                await self.platform.execute(schema, statement)
            self.known[name] = sort["path"]
            return
        known: dict[str, Any] = sort.get("path", {})
        version: dict[str, str] = {}
        made_by = {"call": sort["made_by"], "known_by": {}} | sort
        for step in (*sort.get("after", []), made_by, *sort.get("then", [])):
            if (operation := self.calls.get(step["call"])) is None:
                self.unmade.append(f"matrix.yaml, object {name}: there is no call {step['call']}")
                return
            headers = self.platform.authorization(self.platform.service_of(operation), principal(step["as"]))
            answer = await self.call(operation, headers | version, step, known)
            if not answer.is_success:
                self.unmade.append(f"matrix.yaml, object {name}: {step['call']} answered {answer.text}")
                return
            known |= {key: answer.json()[member] for key, member in step.get("known_by", {}).items()}
            version = {"If-Match": answer.headers["etag"]} if "etag" in answer.headers else {}
        self.known[name] = {key: value for key, value in known.items() if key in sort.get("known_by", known)}

    def members(self, name: str) -> dict[str, Any]:
        """By which members a list shows the object."""
        known_by = OBJECTS[name].get("known_by", {})
        return {known_by.get(key, key): value for key, value in self.known[name].items()}

    def expect(self, operation: Operation, who: str, answer: httpx.Response, *, is_right: bool, wanted: str) -> None:
        if not is_right:
            self.wrong.append(f"{operation.id} as {who}: {answer.status_code}, wanted {wanted}: {answer.text[:200]}")

    def verdict(self) -> None:
        seen, self.wrong = self.wrong, []
        assert not seen, "\n".join(seen)

    def holders(self, operation: Operation) -> list[str]:
        return [kind for kind, role in ROLES.items() if operation.admits(role.scopes)]


def owned_by(name: str, kind: str) -> str | None:
    """Which attribute of a client of the kind decides whether it sees the object; None: it sees everybody's."""
    owners = OBJECTS[name].get("owners", {})
    return owners if isinstance(owners, str) else owners.get(kind)


def owner_of(name: str, kind: str) -> Principal | None:
    """Somebody of the kind who sees the object, if anybody does."""
    if owned_by(name, kind) == "subject" and kind != OBJECTS[name]["as"]:
        return None
    return principal(kind)


def stranger_to(name: str, kind: str) -> Principal | None:
    """Somebody of the kind who must not see the object, unless all do."""
    return principal(kind, is_other=True) if owned_by(name, kind) else None


def guarded(matrix: Matrix) -> list[Operation]:
    """The calls that need a token."""
    return [operation for operation in matrix.calls.values() if operation.alternatives]


def forwarded(matrix: Matrix) -> list[Operation]:
    """The calls that a service answers, not the gateway itself."""
    return [o for o in matrix.calls.values() if matrix.platform.service_of(o) != GATEWAY]
