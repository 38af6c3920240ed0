"""A granted measure is told to `targets`, whose mapping alone says whether it counts, and taken back when revoked."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from eligibility_svc.applications import course
from eligibility_svc.applications import repository as applications
from eligibility_svc.applications.vault import Vault
from eligibility_svc.grants import repository
from eligibility_svc.grants.models import GrantRow
from eligibility_svc.grants.telling import tell_key
from kit.clock import legal_day
from kit.http.onward import ServiceSilentError, tell
from kit.jobs.queue import is_waiting
from kit.jobs.worker import Job

EVENTS = "/internal/v1/events"


async def tell_targets(job: Job) -> dict[str, Any]:
    """Tells of one grant to a person; the grant's id makes a repeat the same event."""
    # Read and let go: no transaction stays open while another service is asked.
    async with job.database.transaction() as tx:
        grant = await repository.find_grant(tx, UUID(job.payload["grant_id"]), unit=None)
        body = None if grant is None or grant.revoked_by else await _event(tx, Vault(job.settings.key_ring), grant)
    if body is None:
        return {"told": False}
    answer = await tell(job.settings, "eligibility", "targets", EVENTS, body)
    if answer.status == 404:
        raise ServiceSilentError  # an older release, without this door
    return {"told": True, "state": answer.body.get("state")}


async def take_back(job: Job) -> dict[str, Any]:
    """A grant that was revoked; what was never told need not be taken back, what is still to be told waits."""
    grant_id = UUID(job.payload["grant_id"])
    body = {"reason": "待遇已撤销"}
    answer = await tell(job.settings, "eligibility", "targets", f"{EVENTS}/{grant_id}/retraction", body)
    if answer.status == 404 and await is_waiting(job.session, tell_key(grant_id)):
        raise ServiceSilentError
    return {"taken_back": answer.status != 404}


async def _event(tx: AsyncSession, vault: Vault, grant: GrantRow) -> dict[str, Any] | None:
    """Number and name as they are read from the seal now."""
    if grant.application_id is None:
        return None  # a grant of the time before
    row = await applications.find_application(tx, grant.application_id, None, None)
    if row is None:
        return None
    who = (await course.view_application(tx, vault, row)).applicant
    return {
        "event_id": str(grant.grant_id),
        "kind": "measure.granted",
        "occurred_on": legal_day(grant.granted_at).isoformat(),
        "recorded_at": grant.granted_at.isoformat().replace("+00:00", "Z"),
        "unit": row.unit,
        "subject": {"id_type": who.id_type, "id_number": who.id_number, "name": who.name},
        "attributes": {"measure": row.measure.replace("-", "_").upper()},
    }
