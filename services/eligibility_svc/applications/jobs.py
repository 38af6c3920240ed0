"""A granted measure is told to the service of targets, whose mapping alone says whether it counts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from eligibility_svc.applications import course, repository
from eligibility_svc.applications.models import ApplicationRow
from eligibility_svc.applications.vault import Vault
from eligibility_svc.grants import repository as register
from kit.auth.service_tokens import service_minter, service_token
from kit.clock import legal_day
from kit.errors import DomainError, ScopeMissingError
from kit.http.onward import OnwardService, OnwardUnavailableError
from kit.jobs.worker import Job

_ME, _TARGETS = "eligibility", "targets"
_EVENTS = "/internal/v1/events"


class TargetsAwayError(Exception):
    """No answer this time: the job is tried again with growing delays."""


class EventRefusedError(DomainError):
    """An answer that no repeat would change; the grant stands, and somebody has to look."""

    code = "EVENT_REFUSED"
    title = "目标任务服务未接收这一事件"
    default_detail = "请管理员核对日志和对照表；待遇本身不受影响。"


async def tell_targets(job: Job) -> dict[str, Any]:
    """Tells of one grant to a person; the grant's id makes a repeat the same event.

    Raises:
        TargetsAwayError: try again later.
        EventRefusedError: that service does not take it.
    """
    settings = job.settings
    if settings.targets_url is None or settings.service_signing_key is None:
        raise TargetsAwayError
    # Read and let go: no transaction stays open while another service is asked.
    async with job.database.transaction() as tx:
        row = await repository.find_application(tx, UUID(job.payload["application_id"]), None, None)
        if row is None:
            raise EventRefusedError
        view = await course.view_application(tx, Vault(settings.key_ring), row)
        grant = await register.load_grant(tx, row.application_id)
        body = _event(row, view, grant.grant_id, grant.granted_at)
    token = service_token(service_minter(settings.service_signing_key.get_secret_value()), _ME, _TARGETS)
    targets = OnwardService(_TARGETS, settings.targets_url)
    try:
        answer = await targets.post(token, _EVENTS, body)
    except OnwardUnavailableError:
        raise TargetsAwayError from None
    except ScopeMissingError:
        raise EventRefusedError from None
    finally:
        await targets.close()
    if answer.status >= 400:
        raise EventRefusedError
    return {"event_id": body["event_id"], "state": answer.body["state"]}


def _event(row: ApplicationRow, view: course.ApplicationView, event_id: UUID, granted_at: datetime) -> dict[str, Any]:
    who = view.applicant
    return {
        "event_id": str(event_id),
        "kind": "measure.granted",
        "occurred_on": legal_day(granted_at).isoformat(),
        "recorded_at": granted_at.isoformat().replace("+00:00", "Z"),
        "unit": row.unit,
        "subject": {"id_type": who.id_type, "id_number": who.id_number, "name": who.name},
        "attributes": {"measure": row.measure.replace("-", "_").upper()},
    }
