"""Events of other services: the internal door by which they come, and what people see of them."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Tx
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code
from targets_svc.register.endpoints import Keys
from targets_svc.register.errors import UnitNotYoursError
from targets_svc.service_events import service
from targets_svc.service_events.domain import EventState
from targets_svc.service_events.errors import NotAServiceError
from targets_svc.service_events.schemas import (
    RetractionOrder,
    ServiceEventCreate,
    ServiceEventList,
    ServiceEventRead,
)

# The gateway forwards nothing below /internal, and no kind of client holds the scope: two doors, both shut.
internal = Router(prefix="/internal/v1", include_in_schema=False)
router = Router(prefix="/api/v1/targets", tags=["实名登记"])
SERVICE = "SERVICE"


def _service(principal: Annotated[Principal, requires("targets.service_event.write")]) -> Principal:
    if principal.kind != SERVICE:
        raise NotAServiceError
    return principal


Sender = Annotated[Principal, Depends(_service)]
Reader = Annotated[Principal, requires("targets.event.read")]


@internal.post("/events", operation_id="take_service_event", summary="接收其他服务的事件", status_code=201)
async def take_service_event(
    body: ServiceEventCreate, principal: Sender, tx: Tx, vault: Keys, response: Response
) -> ServiceEventRead:
    """The source is the token's subject; the sender's event id makes a repeat the same event."""
    taken = await service.take_event(tx, vault, body.event(principal.subject), now())
    response.status_code = 201 if taken.is_new else 200
    return ServiceEventRead.of(taken)


@internal.post("/events/{event_id}/retraction", operation_id="retract_service_event", summary="撤销其他服务的事件")
async def retract_service_event(event_id: UUID, body: RetractionOrder, principal: Sender, tx: Tx) -> ServiceEventRead:
    """A service takes back its own events alone: the source is part of their key."""
    return ServiceEventRead.of(await service.retract(tx, principal.subject, event_id, body.reason, now()))


@router.get(
    "/service-events",
    operation_id="list_service_events",
    summary="其他服务送来的事件",
    responses=problems(UnitNotYoursError),
)
async def list_service_events(
    principal: Reader,
    tx: Tx,
    page: PageQuery,
    state: Annotated[EventState | None, Query(description="状态")] = None,
    unit: Annotated[Code | None, Query(description="单位代码")] = None,
) -> ServiceEventList:
    """放款、培训结业等事件及其计数结果，新的在前；不含个人信息。县（市、区）账号只见本单位。"""
    filters = {"state": state, "unit": unit, "own": principal.unit}
    found = await service.list_events(
        tx, own_unit=principal.unit, unit=unit, state=state, after=page.after(filters), limit=page.limit + 1
    )
    return ServiceEventList.of_page(found, page, filters)
