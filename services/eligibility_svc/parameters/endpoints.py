"""Open amounts: proposed by one person, published by another."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

from eligibility_svc.measures.errors import MeasureNotFoundError
from eligibility_svc.parameters import service
from eligibility_svc.parameters.errors import (
    AlreadyPublishedError,
    ParameterInvalidError,
    ParameterNotFoundError,
    ProposalRejectedError,
    SamePersonError,
)
from eligibility_svc.parameters.schemas import (
    ParameterValueCreate,
    ParameterValueList,
    ParameterValueRead,
    RejectionCreate,
)
from kit.auth.dependencies import requires, requires_any
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Tx
from kit.http.idempotency import IdempotencyRequired
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code

router = Router(prefix="/api/v1/eligibility", tags=["措施目录"])
MeasurePath = Annotated[Code, Path(description="措施代码，见措施目录", examples=["startup-star"])]
Reader = Annotated[Principal, requires("eligibility.catalogue.read")]
Writer = Annotated[Principal, requires("eligibility.parameter.write")]
Publisher = Annotated[Principal, requires("eligibility.parameter.publish")]
Rejecter = Annotated[Principal, requires_any("eligibility.parameter.publish", "eligibility.parameter.write")]
ValueId = Annotated[UUID, Path(alias="id", description="参数值编号")]


@router.post(
    "/measures/{code}/parameters",
    operation_id="propose_parameter_value",
    summary="提出由实施细则确定的标准",
    status_code=201,
    responses=problems(MeasureNotFoundError, ParameterInvalidError),
)
async def propose_parameter_value(
    code: MeasurePath, body: ParameterValueCreate, principal: Writer, tx: Tx, _: IdempotencyRequired
) -> ParameterValueRead:
    """只能填写通知没有规定、由实施细则确定的标准，并写明施行日期和依据；由另一人公布后生效。"""
    return ParameterValueRead.of(await service.propose_value(tx, principal.subject, code, body.proposal(), now()))


@router.post(
    "/measures/{code}/parameters/{id}/publication",
    operation_id="publish_parameter_value",
    summary="公布标准",
    responses=problems(ParameterNotFoundError, AlreadyPublishedError, ProposalRejectedError, SamePersonError),
)
async def publish_parameter_value(
    code: MeasurePath,
    id_: ValueId,
    principal: Publisher,
    tx: Tx,
    _: IdempotencyRequired,
) -> ParameterValueRead:
    """公布人不能是提出人。公布产生新的目录版本；以前的核对保留当时的版本，可以按它重现。"""
    return ParameterValueRead.of(await service.publish_value(tx, principal.subject, code, id_, now()))


@router.post(
    "/measures/{code}/parameters/{id}/rejection",
    operation_id="reject_parameter_value",
    summary="退回或撤回尚未公布的标准",
    responses=problems(ParameterNotFoundError, AlreadyPublishedError, ProposalRejectedError),
)
async def reject_parameter_value(
    code: MeasurePath, id_: ValueId, body: RejectionCreate, principal: Rejecter, tx: Tx, _: IdempotencyRequired
) -> ParameterValueRead:
    """公布人退回，或提出人自己撤回；须写明原因。已公布的不能退回，有误的请提出更正（corrects）。"""
    return ParameterValueRead.of(await service.reject_value(tx, principal.subject, code, id_, body.reason, now()))


@router.get(
    "/measures/{code}/parameters",
    operation_id="list_parameter_values",
    summary="标准的提出和公布情况",
    responses=problems(MeasureNotFoundError),
)
async def list_parameter_values(code: MeasurePath, _: Reader, tx: Tx) -> ParameterValueList:
    """按提出的先后排列。"""
    rows = await service.list_values(tx, code)
    return ParameterValueList(items=[ParameterValueRead.of(row) for row in rows])
