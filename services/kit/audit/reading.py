"""What auditors read of a trail."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query

from kit.audit.schemas import AuditEntriesRead, AuditEntryRead, AuditVerificationRead
from kit.audit.service import Statements, verify
from kit.http.paging import Page

Actor = Annotated[str | None, Query(max_length=128, description="谁办理的")]
Object = Annotated[str | None, Query(max_length=160, description="对什么，与记录中的object完全相同")]
Action = Annotated[str | None, Query(max_length=64, description="办理了什么，与记录中的action完全相同")]
_ENTRIES = (
    "SELECT seq, at, actor, actor_kind, action, object, detail, request_id, hash FROM audit_entry"
    " WHERE (CAST(:before AS bigint) IS NULL OR seq < :before)"
    " AND (CAST(:actor AS text) IS NULL OR actor = :actor)"
    " AND (CAST(:what AS text) IS NULL OR object = :what)"
    " AND (CAST(:action AS text) IS NULL OR action = :action)"
    " ORDER BY seq DESC LIMIT :limit"
)


async def read_entries(
    tx: Statements, page: Page, *, actor: str | None, what: str | None, action: str | None
) -> AuditEntriesRead:
    """The newest first."""
    filters = {"actor": actor, "object": what, "action": action}
    position = page.after(filters)
    before = position[0] if position else None
    rows = await tx.run(_ENTRIES, before=before, actor=actor, what=what, action=action, limit=page.limit + 1)
    shown = rows[: page.limit]
    return AuditEntriesRead(
        items=[AuditEntryRead.model_validate(_members(row)) for row in shown],
        next=page.next([shown[-1]["seq"]], filters) if len(rows) > page.limit else None,
    )


async def read_verification(tx: Statements) -> AuditVerificationRead:
    """Reads and verifies the whole trail."""
    head, verified, fault = await verify(tx)
    found = {"seq": fault.seq, "reason": fault.reason} if fault else None
    return AuditVerificationRead.model_validate(
        {"is_whole": fault is None, "verified": verified, "seq": head.seq, "head": head.hash.hex(), "fault": found}
    )


def _members(row: Mapping[str, Any]) -> dict[str, Any]:
    return dict(row) | {"detail": json.loads(row["detail"]), "hash": bytes(row["hash"]).hex()}
