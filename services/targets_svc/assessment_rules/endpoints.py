"""By which rules units are assessed, and how two people change them."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

from kit.auth.dependencies import requires, requires_any
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Tx
from kit.http.idempotency import IdempotencyRequired
from kit.http.problems import problems
from kit.http.routing import Router
from targets_svc.assessment_rules import service
from targets_svc.assessment_rules.errors import (
    RuleSetDraftNotFoundError,
    RuleSetFourEyesError,
    RuleSetInvalidError,
    RuleSetPublishedError,
)
from targets_svc.assessment_rules.schemas import RuleSetCreate, RuleSetList, RuleSetVersionRead
from targets_svc.withdrawals.errors import WithdrawnError
from targets_svc.withdrawals.schemas import WithdrawalCreate

router = Router(prefix="/api/v1/targets", tags=["考核"])
Reader = Annotated[Principal, requires("targets.progress.read")]
Writer = Annotated[Principal, requires("targets.assessment.write")]
Publisher = Annotated[Principal, requires("targets.assessment.publish")]
Withdrawer = Annotated[Principal, requires_any("targets.assessment.write", "targets.assessment.publish")]
RuleSetId = Annotated[UUID, Path(description="考核规则编号")]


@router.get("/assessment-rule-sets", operation_id="list_assessment_rule_sets", summary="考核规则目录")
async def list_assessment_rule_sets(principal: Reader, tx: Tx) -> RuleSetList:
    """各套规则的各个版本、全部内容及其依据；公布后不再修改。草案只有起草和公布的账号可见。"""
    with_drafts = not principal.scopes.isdisjoint({"targets.assessment.write", "targets.assessment.publish"})
    return RuleSetList.of(await service.list_versions(tx, with_drafts=with_drafts))


@router.post(
    "/assessment-rule-sets",
    operation_id="draw_up_assessment_rule_set",
    summary="起草考核规则",
    status_code=201,
    responses=problems(RuleSetInvalidError),
)
async def draw_up_assessment_rule_set(
    body: RuleSetCreate, principal: Writer, tx: Tx, _: IdempotencyRequired
) -> RuleSetVersionRead:
    """整份提交，可取现行一版修改；版本号按代码自动编排。由另一人公布后，月末在适用日期及以后的考核按新规则；已拟定、已发布的考核结果不变。"""
    given = body.model_dump(exclude={"content"}) | {"content": body.content.model_dump(mode="json", by_alias=True)}
    return RuleSetVersionRead.model_validate(await service.draw_up(tx, **given, by=principal.subject, at=now()))


@router.post(
    "/assessment-rule-sets/{id}/publication",
    operation_id="publish_assessment_rule_set",
    summary="公布考核规则",
    responses=problems(RuleSetDraftNotFoundError, RuleSetPublishedError, WithdrawnError, RuleSetFourEyesError),
)
async def publish_assessment_rule_set(
    id: RuleSetId, principal: Publisher, tx: Tx, _: IdempotencyRequired
) -> RuleSetVersionRead:
    """公布人不能是起草人；公布后不再修改。考核结果注明所用规则的版本，以公布之前的时间为known_at仍按原规则重现。"""
    return RuleSetVersionRead.model_validate(await service.publish(tx, id, principal.subject, now()))


@router.post(
    "/assessment-rule-sets/{id}/withdrawal",
    operation_id="withdraw_assessment_rule_set",
    summary="撤回（退回）尚未公布的考核规则",
    responses=problems(RuleSetDraftNotFoundError, RuleSetPublishedError, WithdrawnError),
)
async def withdraw_assessment_rule_set(
    id: RuleSetId, body: WithdrawalCreate, principal: Withdrawer, tx: Tx, _: IdempotencyRequired
) -> RuleSetVersionRead:
    """起草人撤回，或公布人退回，须写明原因；版本号不再使用。"""
    return RuleSetVersionRead.model_validate(await service.withdraw(tx, id, body.reason, principal.subject, now()))
