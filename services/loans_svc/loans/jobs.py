"""Disbursed loans are told to `targets`, once each, and taken back there when they are taken back here."""

from typing import Any
from uuid import UUID

from kit.crypto.fields import FieldCipher
from kit.http.onward import ServiceSilentError, tell
from kit.jobs.queue import is_waiting
from kit.jobs.worker import Job
from loans_svc.loans import repository
from loans_svc.loans.domain import USCC, State
from loans_svc.loans.service.telling import tell_key

EVENTS = "/internal/v1/events"


async def tell_targets(job: Job) -> dict[str, Any]:
    """A disbursement, with number and name as they are read from the seal now. An enterprise is no person to count."""
    event_id = UUID(job.payload["event_id"])
    loan, event, borrower = await repository.read_disbursement(job.session, event_id)
    if borrower.id_type == USCC or loan.state == State.CANCELLED:
        return {"told": False}
    opened = FieldCipher(job.settings.key_ring)
    body = {
        "event_id": str(event.id),
        "kind": "loan.disbursed",
        "occurred_on": event.effective_on.isoformat(),
        "recorded_at": event.recorded_at.isoformat(),
        "unit": loan.unit,
        "subject": {
            "id_type": borrower.id_type,
            "id_number": opened.decrypt(borrower.id_number_sealed, column="loan_borrower.id_number", row_id=loan.id),
            "name": opened.decrypt(borrower.name_sealed, column="loan_borrower.name", row_id=loan.id),
        },
        "attributes": {"group": loan.supported_group, "borrower_kind": loan.borrower_kind},
    }
    answer = await tell(job.settings, "loans", "targets", EVENTS, body)
    if answer.status == 404:
        raise ServiceSilentError  # an older release, without this door
    return {"told": True, "state": answer.body.get("state")}


async def take_back(job: Job) -> dict[str, Any]:
    """A disbursement that was cancelled; what was never told need not be taken back, what is still to be told waits."""
    event_id = UUID(job.payload["event_id"])
    body = {"reason": "放款已撤销，款项退回"}
    answer = await tell(job.settings, "loans", "targets", f"{EVENTS}/{event_id}/retraction", body)
    if answer.status == 404 and await is_waiting(job.session, tell_key(event_id)):
        raise ServiceSilentError
    return {"taken_back": answer.status != 404}
