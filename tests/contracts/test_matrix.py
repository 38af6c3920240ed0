"""Who may do what to whose rows: every call × every kind of caller × own and other rows × good and bad tokens.

The calls come from the merged document, the kinds from `roles.yaml`, the rows from `matrix.yaml`.
"""

import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from kit.auth.principal import Principal
from tests.contracts.operations import FORM, JSON, Operation, as_form, merged_into
from tests.contracts.platform import GATEWAY, OWN, ROLES, Platform, principal

TABLE = yaml.safe_load((Path(__file__).parent / "matrix.yaml").read_text(encoding="utf-8"))
OBJECTS: dict[str, dict[str, Any]] = TABLE["objects"]
CALLS: dict[str, Any] = TABLE["calls"]


def row_of(operation_id: str) -> dict[str, Any]:
    row = CALLS[operation_id]
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
        return await clients[service].request(
            operation.method, operation.path.format(**values), headers=sent, **options
        )

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
        known: dict[str, Any] = sort.get("path", {})
        version: dict[str, str] = {}
        made_by = {"call": sort["made_by"], "known_by": {}} | sort
        for step in (*sort.get("after", []), made_by, *sort.get("then", [])):
            operation = self.calls[step["call"]]
            headers = self.platform.authorization(self.platform.service_of(operation), principal(step["as"]))
            answer = await self.call(operation, headers | version, step, known)
            if not answer.is_success:
                self.unmade.append(f"matrix.yaml, object {name}: {step['call']} answered {answer.text}")
                return
            known |= {key: answer.json()[member] for key, member in step.get("known_by", {}).items()}
            version = {"If-Match": answer.headers["etag"]} if "etag" in answer.headers else {}
        self.known[name] = {key: value for key, value in known.items() if key in sort.get("known_by", known)}

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


@pytest.fixture(scope="module")
async def matrix(platform: Platform) -> Matrix:
    made = Matrix(platform, {operation.id: operation for operation in platform.operations})
    for name in OBJECTS:
        await made.make(name)
    return made


def test_every_object_can_be_made(matrix: Matrix) -> None:
    assert not matrix.unmade, "\n".join(matrix.unmade)


def forwarded(matrix: Matrix) -> list[Operation]:
    return [o for o in matrix.calls.values() if matrix.platform.service_of(o) != GATEWAY]


def test_every_call_has_a_row_and_every_row_a_call(platform: Platform) -> None:
    ids = {operation.id for operation in platform.operations}
    missing = ids - CALLS.keys()
    assert not missing, f"add a row for {', '.join(sorted(missing))} to tests/contracts/matrix.yaml (its head says how)"
    assert not CALLS.keys() - ids, f"rows without a call: {', '.join(sorted(CALLS.keys() - ids))}"


def test_only_what_is_public_needs_no_token(platform: Platform) -> None:
    open_calls = {operation.id for operation in platform.operations if not operation.alternatives}
    assert open_calls == {name for name, row in CALLS.items() if row == "public"}


async def test_without_a_valid_token_nobody_gets_in(matrix: Matrix) -> None:
    """At the service itself: no token, an expired one, one for another service."""
    who, an_hour_ago = principal("CITY"), time.time() - 3600
    for operation in forwarded(matrix):
        service = matrix.platform.service_of(operation)
        other = "loans" if service != "loans" else "targets"
        mint = matrix.platform.authorization
        bad = {
            "TOKEN_MISSING": {},
            "TOKEN_EXPIRED": mint(service, who, now=an_hour_ago),
            "TOKEN_INVALID": mint(other, who),
        }
        for code, headers in bad.items():
            answer = await matrix.call(operation, headers, {}, is_direct=True)
            is_right = answer.status_code == 401 and answer.json()["code"] == code
            matrix.expect(operation, "nobody", answer, is_right=is_right, wanted=f"401 {code}")
    matrix.verdict()


async def test_at_the_gate_nobody_gets_in_without_a_valid_token(matrix: Matrix) -> None:
    """No token; and one that a service would take, but not the gate."""
    for operation in forwarded(matrix):
        service = matrix.platform.service_of(operation)
        for headers in ({}, matrix.platform.authorization(service, principal("CITY"))):
            answer = await matrix.platform.http[GATEWAY].request(operation.method, operation.path, headers=headers)
            matrix.expect(operation, "nobody", answer, is_right=answer.status_code == 401, wanted="401 at the gate")
    matrix.verdict()


async def test_a_kind_without_the_scope_is_refused(matrix: Matrix) -> None:
    for operation in forwarded(matrix):
        for kind in ROLES.keys() - set(matrix.holders(operation)):
            answer = await matrix.refused(principal(kind), operation)
            is_right = answer.status_code == 403 and answer.json()["code"] == "SCOPE_MISSING"
            matrix.expect(operation, kind, answer, is_right=is_right, wanted="403 SCOPE_MISSING")
    matrix.verdict()


async def test_each_scope_is_needed(matrix: Matrix) -> None:
    """Somebody who may do everything but this."""
    everything = frozenset(scope for role in ROLES.values() for scope in role.scopes)
    for operation in forwarded(matrix):
        for needed in operation.alternatives:
            rest = everything - frozenset(scope for one in operation.alternatives for scope in one)
            who = Principal("nearly-all", "STAFF", rest, **OWN)
            answer = await matrix.refused(who, operation)
            is_right = answer.status_code == 403 and answer.json()["code"] == "SCOPE_MISSING"
            matrix.expect(operation, f"without {set(needed)}", answer, is_right=is_right, wanted="403 SCOPE_MISSING")
    matrix.verdict()


async def test_an_object_of_somebody_else_does_not_exist(matrix: Matrix) -> None:
    for operation in forwarded(matrix):
        row = row_of(operation.id)
        if (name := row.get("object")) not in matrix.known:
            continue
        for kind in matrix.holders(operation):
            if (stranger := stranger_to(name, kind)) is None:
                continue
            answer = await matrix.as_(stranger, operation, row, matrix.known[name])
            matrix.expect(operation, f"other {kind}", answer, is_right=answer.status_code == 404, wanted="404")
    matrix.verdict()


async def test_a_list_shows_the_owner_what_it_hides_from_others(matrix: Matrix) -> None:
    for operation in forwarded(matrix):
        row = row_of(operation.id)
        if (name := row.get("list")) not in matrix.known:
            continue
        sought = row.get("match") or matrix.known[name]
        for kind in matrix.holders(operation):
            for who, is_seen in ((owner_of(name, kind), True), (stranger_to(name, kind), False)):
                if who is None:
                    continue
                answer = await matrix.as_(who, operation, row)
                items = answer.json().get("items", []) if answer.is_success else None
                is_right = items is not None and is_seen == any(sought.items() <= item.items() for item in items)
                wanted = f"a list {'with' if is_seen else 'without'} {sought}"
                matrix.expect(operation, who.subject, answer, is_right=is_right, wanted=wanted)
    matrix.verdict()


async def test_naming_another_unit_or_bank_is_refused(matrix: Matrix) -> None:
    for operation in forwarded(matrix):
        row = row_of(operation.id)
        if (status := row.get("names")) is None:
            continue
        for kind in matrix.holders(operation):
            if ROLES[kind].rows_of:
                answer = await matrix.as_(principal(kind, is_other=True), operation, row)
                matrix.expect(
                    operation, f"other {kind}", answer, is_right=answer.status_code == status, wanted=str(status)
                )
    matrix.verdict()


async def test_the_owner_is_let_in(matrix: Matrix) -> None:
    """After the strangers: these calls may change the objects."""
    for operation in forwarded(matrix):
        row = row_of(operation.id)
        name = row.get("object")
        if name and name not in matrix.known:
            continue
        for kind in matrix.holders(operation):
            who = owner_of(name, kind) if name else principal(kind)
            if who is None:
                continue
            answer = await matrix.as_(who, operation, row, matrix.known.get(name or "", {}))
            is_hidden = name is not None and answer.status_code == 404
            is_right = answer.status_code < 500 and answer.status_code != 401 and not is_hidden
            if answer.status_code == 403:
                is_right = answer.json()["code"] != "SCOPE_MISSING"
            matrix.expect(operation, kind, answer, is_right=is_right, wanted="to be let in")
    matrix.verdict()
