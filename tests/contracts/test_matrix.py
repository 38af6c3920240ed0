"""Who may do what to whose rows: every call × every kind of caller × own and other rows × good and bad tokens (S3).

The calls come from the merged document, the kinds from `roles.yaml`, the rows from `matrix.yaml`.
"""

import time

from kit.auth.principal import Principal
from tests.contracts.matrix import CALLS, Matrix, forwarded, guarded, owner_of, row_of, stranger_to
from tests.contracts.platform import GATEWAY, OWN, ROLES, Platform, principal


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
    who, long_ago = principal("CITY"), time.time() - 7200
    for operation in guarded(matrix):
        service = matrix.platform.service_of(operation)
        other = "loans" if service != "loans" else "targets"
        mint = matrix.platform.authorization
        bad = {
            "TOKEN_MISSING": {},
            "TOKEN_EXPIRED": mint(service, who, now=long_ago),
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
    for operation in guarded(matrix):
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
    for operation in guarded(matrix):
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
    for operation in guarded(matrix):
        row = row_of(operation.id)
        if (name := row.get("list")) not in matrix.known:
            continue
        sought = row.get("match") or matrix.members(name)
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
    for operation in guarded(matrix):
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
    """After the strangers: these calls may change the objects, and remove them."""
    for operation in sorted(guarded(matrix), key=lambda one: one.method == "DELETE"):
        row = row_of(operation.id)
        name = row.get("object")
        if name and name not in matrix.known:
            continue
        for kind in matrix.holders(operation):
            who = owner_of(name, kind) if name else principal(kind)
            if who is None:
                continue
            answer = await matrix.as_(who, operation, row, matrix.known.get(name or "", {}))
            is_hidden = name is not None and (answer.status_code == 404) != (kind in row.get("refused", []))
            is_hidden = is_hidden and answer.json().get("code") != row.get("lacks")
            is_right = answer.status_code < 500 and answer.status_code != 401 and not is_hidden
            if answer.status_code == 403:
                is_right = answer.json()["code"] != "SCOPE_MISSING"
            matrix.expect(operation, kind, answer, is_right=is_right, wanted="to be let in")
    matrix.verdict()
