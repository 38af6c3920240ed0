"""Every call of a service that changed something leaves an entry, in the transaction of the change."""

import json
from functools import partial
from typing import Any

from fastapi import Request
from starlette.responses import Response

from kit.audit.service import audit, audit_if_written
from kit.audit.sessions import SessionStatements

_MOST_READ = 65_536
_IDS = ("id", "event_id", "job", "job_id")


def note_for_audit(request: Request, **detail: Any) -> None:
    """Has this call audited whether it writes or not, with these words.

    Args:
        detail: JSON values; the reason that was given, never personal data.
    """
    request.state.audit_detail = detail


async def record_call(request: Request, response: Response, operation_id: str) -> None:
    """The entry of a call that succeeded; the last statement before the commit, because writers take turns from here.

    A call that only reads or computes, such as a check or a quote, leaves none.
    """
    session, principal = getattr(request.state, "session", None), getattr(request.state, "principal", None)
    if session is None or principal is None:
        return
    noted: dict[str, Any] | None = getattr(request.state, "audit_detail", None)
    await session.flush()
    statements, path = SessionStatements(session), request.url.path[:160]
    if noted is None:
        await audit_if_written(statements, principal, operation_id, path, partial(_made, response))
    else:
        await audit(statements, principal, operation_id, path, noted | _made(response))


def _made(response: Response) -> dict[str, Any]:
    """Ids of what the answer names."""
    body = getattr(response, "body", b"")
    if response.media_type != "application/json" and "json" not in response.headers.get("content-type", ""):
        return {}
    if not body or len(body) > _MOST_READ:
        return {}
    answer = json.loads(body)
    if not isinstance(answer, dict):
        return {}
    return {name: answer[name] for name in _IDS if isinstance(answer.get(name), str)}
