"""Writing and verifying the trail. It belongs to whatever transaction it is given: an act and its entry stand or fall
together.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import structlog

from kit.audit.domain import Entry, Fault, Head, Verifier
from kit.auth.principal import Principal
from kit.clock import now
from kit.telemetry.trace import current_request_id

_PAGE = 5_000
_log = structlog.get_logger("kit.audit")
# Unqualified on purpose: the role's search_path is its service's schema. The head's row lock makes one writer of many.
_NEXT = "UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, hash"
# Asked before this statement itself writes.
_NEXT_IF_WRITTEN = (
    "UPDATE audit_head SET seq = seq + 1 WHERE id = 1 AND pg_current_xact_id_if_assigned() IS NOT NULL"
    " RETURNING seq, hash"
)
_SEAL = (
    "WITH entry AS (INSERT INTO audit_entry (seq, at, actor, actor_kind, action, object, detail, request_id, hash)"
    " VALUES (:seq, :at, :actor, :actor_kind, :action, :object, :detail, :request_id, :hash))"
    " UPDATE audit_head SET hash = :hash WHERE id = 1"
)
_HEAD = "SELECT seq, hash FROM audit_head WHERE id = 1"
_LAST = "SELECT coalesce(max(seq), 0) AS seq FROM audit_entry"
_COLUMNS = "seq, at, actor, actor_kind, action, object, detail, request_id, hash"
_AFTER = f"SELECT {_COLUMNS} FROM audit_entry WHERE seq > :after AND seq <= :end ORDER BY seq LIMIT {_PAGE}"  # noqa: S608  our own names


class Statements(Protocol):
    """A transaction that runs SQL with `:name` parameters; `kit.audit.sessions` makes one of an AsyncSession."""

    async def run(self, sql: str, /, **values: Any) -> Sequence[Mapping[str, Any]]: ...


async def audit(
    tx: Statements, principal: Principal, action: str, what: str, detail: Mapping[str, Any] | None = None
) -> int:
    """Adds an entry to the caller's transaction; call it last, writers take turns from here to the commit.

    Args:
        tx: the transaction of the act.
        principal: who did it.
        action: `client.create` and the like.
        what: what it was done to, `client:platform`; ids, never personal data.
        detail: JSON values, never personal data, never a secret.

    Returns:
        Its number.
    """
    (head,) = await tx.run(_NEXT)
    return await _add(tx, head, principal, action, what, detail or {})


async def audit_if_written(
    tx: Statements, principal: Principal, action: str, what: str, detail: Callable[[], Mapping[str, Any]]
) -> None:
    """`audit`, unless the transaction has written nothing; then `detail` is not made."""
    for head in await tx.run(_NEXT_IF_WRITTEN):
        await _add(tx, head, principal, action, what, detail())


async def _add(
    tx: Statements, head: Mapping[str, Any], principal: Principal, action: str, what: str, detail: Mapping[str, Any]
) -> int:
    entry = Entry(
        seq=head["seq"],
        at=now(),
        actor=principal.subject,
        actor_kind=principal.kind,
        action=action,
        object=what,
        detail=json.dumps(dict(detail), ensure_ascii=False, sort_keys=True, separators=(",", ":")),
        request_id=current_request_id.get(),
    )
    digest = entry.hash(bytes(head["hash"]))
    values = {name: getattr(entry, name) for name in Entry.__slots__}
    await tx.run(_SEAL, **values, hash=digest)
    return entry.seq


async def verify(tx: Statements) -> tuple[Head, int, Fault | None]:
    """Reads the whole trail, in pages.

    Returns:
        The head, how many entries hold from the beginning, and the first fault.
    """
    # In this order a writer in between can only make the head later than what was counted.
    last = (await tx.run(_LAST))[0]["seq"]
    head = await read_head(tx)
    verifier = Verifier()
    after, holds = 0, True
    while holds:
        rows = await tx.run(_AFTER, after=after, end=max(head.seq, last))
        if not rows:
            verifier.end(head)
            break
        holds = all(verifier.take(entry_of(row), bytes(row["hash"])) for row in rows)
        after = rows[-1]["seq"]
    return head, verifier.verified, verifier.fault


async def read_head(tx: Statements) -> Head:
    """Where the trail ends now."""
    (row,) = await tx.run(_HEAD)
    return Head(row["seq"], bytes(row["hash"]))


async def note_head(tx: Statements) -> Head:
    """Writes the head into the log, which is kept elsewhere: a chain that was made anew does not go through it."""
    head = await read_head(tx)
    _log.info("audit.head", seq=head.seq, hash=head.hash.hex())
    return head


def entry_of(row: Mapping[str, Any]) -> Entry:
    """An entry of its row."""
    return Entry(**{name: row[name] for name in Entry.__slots__})
