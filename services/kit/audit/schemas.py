"""The wire of the audit trail, the same at the gateway and at every service."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict

from kit.http.wire import ResponseModel

_ENTRY: dict[str, Any] = {
    "seq": 12,
    "at": "2026-01-05T01:00:00.000000Z",
    "actor": "security-admin",
    "actor_kind": "SECURITY_ADMIN",
    "action": "client.create",
    "object": "client:platform-2",
    "detail": {"kind": "INTEGRATOR"},
    "request_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "hash": "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
}


def _shown(*examples: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": list(examples)})


class AuditEntryRead(ResponseModel):
    """Who did what to what, and the hash that seals it to the entry before."""

    model_config = ResponseModel.model_config | _shown(_ENTRY)

    seq: int
    at: datetime
    actor: str
    actor_kind: str
    action: str
    object: str
    detail: dict[str, Any]
    request_id: str
    hash: str


class AuditEntriesRead(ResponseModel):
    """A page of entries, the newest first."""

    model_config = ResponseModel.model_config | _shown({"items": [_ENTRY], "next": None})

    items: list[AuditEntryRead]
    next: str | None


class AuditFaultRead(ResponseModel):
    """The first place where the chain does not hold: MISSING, ALTERED or BEYOND_END."""

    seq: int
    reason: str


class AuditVerificationRead(ResponseModel):
    """Whether the whole trail holds. Compare `head` with one that was noted elsewhere before."""

    model_config = ResponseModel.model_config | _shown(
        {"is_whole": True, "verified": 12, "seq": 12, "head": _ENTRY["hash"], "fault": None}
    )

    is_whole: bool
    verified: int
    seq: int
    head: str
    fault: AuditFaultRead | None
