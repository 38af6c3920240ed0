"""The mapping table, and how two people change it."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from kit.auth.dependencies import requires, requires_any
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Tx
from kit.http.idempotency import IdempotencyRequired
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code
from targets_svc.event_mappings import service
from targets_svc.event_mappings.errors import (
    MappingChangeNotFoundError,
    MappingConfirmedError,
    MappingEndedError,
    MappingFourEyesError,
    MappingInvalidError,
    MappingNotFoundError,
    MappingTakenError,
)
from targets_svc.event_mappings.schemas import (
    CountRuleCreate,
    CountRuleList,
    EndingCreate,
    MappingChangeList,
    MappingChangeRead,
)
from targets_svc.withdrawals.errors import WithdrawnError
from targets_svc.withdrawals.schemas import WithdrawalCreate

router = Router(prefix="/api/v1/targets", tags=["事件对照"])
Reader = Annotated[Principal, requires("targets.event.read")]
Proposer = Annotated[Principal, requires("targets.mapping.write")]
Confirmer = Annotated[Principal, requires("targets.mapping.confirm")]
Withdrawer = Annotated[Principal, requires_any("targets.mapping.write", "targets.mapping.confirm")]
ChangeId = Annotated[UUID, Path(description="变更编号")]


@router.get("/event-mappings", operation_id="list_event_mappings", summary="事件与指标对照表")
async def list_event_mappings(_: Reader, tx: Tx) -> CountRuleList:
    """哪类事件自何日起计入哪项指标及其依据；对照表和当年计划都列明的才计数。"""
    return CountRuleList.of(await service.find_rules(tx))


@router.post(
    "/event-mappings",
    operation_id="propose_event_mapping",
    summary="提出增加对照行",
    status_code=201,
    responses=problems(MappingTakenError, MappingInvalidError),
)
async def propose_event_mapping(
    body: CountRuleCreate, principal: Proposer, tx: Tx, _: IdempotencyRequired
) -> MappingChangeRead:
    """由另一人确认后，此后收到的、发生日期在有效期内的事件按新行计入；以前对照表未列的事件没有保存个人信息，不能补计。"""
    return MappingChangeRead.of(await service.propose_row(tx, body.rule(), principal.subject, now()))


@router.post(
    "/event-mappings/{code}/ending",
    operation_id="propose_event_mapping_end",
    summary="提出终止对照行",
    status_code=201,
    responses=problems(MappingNotFoundError, MappingEndedError, MappingInvalidError),
)
async def propose_event_mapping_end(
    code: Annotated[Code, Path(description="对照行的代码", examples=["STARTUP_COURSE"])],
    body: EndingCreate,
    principal: Proposer,
    tx: Tx,
    _: IdempotencyRequired,
) -> MappingChangeRead:
    """由另一人确认后，最后有效日之后发生的事件不再按这一行计入；已计入的不变。"""
    row = await service.propose_ending(tx, code, body.last_day, body.reference, principal.subject, now())
    return MappingChangeRead.of(row)


@router.get("/event-mapping-changes", operation_id="list_event_mapping_changes", summary="对照表的变更")
async def list_event_mapping_changes(
    _: Reader,
    tx: Tx,
    page: PageQuery,
    confirmed: Annotated[bool | None, Query(description="true已确认，false待确认；默认全部，含已撤回的")] = None,
) -> MappingChangeList:
    """新的在前：谁提出、谁确认、依据什么。"""
    filters = {"confirmed": confirmed}
    after = page.after(filters)
    rows = await service.list_changes(
        tx, is_confirmed=confirmed, after=UUID(after[0]) if after else None, limit=page.limit + 1
    )
    return MappingChangeList.of_page(rows, page, filters)


@router.post(
    "/event-mapping-changes/{id}/confirmation",
    operation_id="confirm_event_mapping_change",
    summary="确认对照表的变更",
    responses=problems(
        MappingChangeNotFoundError,
        MappingConfirmedError,
        WithdrawnError,
        MappingFourEyesError,
        MappingTakenError,
        MappingEndedError,
    ),
)
async def confirm_event_mapping_change(
    id: ChangeId, principal: Confirmer, tx: Tx, _: IdempotencyRequired
) -> MappingChangeRead:
    """确认人不能是提出人；确认后生效，不再修改。"""
    return MappingChangeRead.of(await service.confirm(tx, id, principal.subject, now()))


@router.post(
    "/event-mapping-changes/{id}/withdrawal",
    operation_id="withdraw_event_mapping_change",
    summary="撤回（退回）尚未确认的对照变更",
    responses=problems(MappingChangeNotFoundError, MappingConfirmedError, WithdrawnError),
)
async def withdraw_event_mapping_change(
    id: ChangeId, body: WithdrawalCreate, principal: Withdrawer, tx: Tx, _: IdempotencyRequired
) -> MappingChangeRead:
    """提出人撤回，或确认人退回，须写明原因；对照表不变。已确认的不能撤回，可以终止该行。"""
    return MappingChangeRead.of(await service.withdraw(tx, id, body.reason, principal.subject, now()))
