"""The reward pool of a year: weights, computation, close."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path, Query, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Tx
from kit.http.errors import (
    IfMatchRequiredError,
    VersionStaleError,
)
from kit.http.etags import IfMatch, set_etag
from kit.http.idempotency import IdempotencyRequired
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code, Year
from loans_svc.reward_years import service
from loans_svc.reward_years.domain import CITY
from loans_svc.reward_years.errors import (
    FiguresChangedError,
    NothingLentError,
    RewardFourEyesError,
    RewardYearNotFoundError,
    SchemeWithoutRateError,
    WeightsConfirmedError,
    WeightsMissingError,
    WeightsNotFoundError,
    YearClosedError,
    YearNotOverError,
)
from loans_svc.reward_years.models import RewardYearRow
from loans_svc.reward_years.schemas import PoolCreate, PoolList, PoolRead, WeightsCreate, WeightsList, WeightsRead

router = Router(prefix="/api/v1/loans", tags=["奖励性补助"])
Writer = Annotated[Principal, requires("loans.pool.write")]
Reader = Annotated[Principal, requires("loans.pool.read")]
Closer = Annotated[Principal, requires("loans.pool.close")]
PoolPath = Annotated[UUID, Path(description="计算奖补资金时返回的编号")]


def _answer(row: RewardYearRow, response: Response) -> PoolRead:
    set_etag(response, row.row_version)
    return PoolRead.of(row)


@router.post(
    "/reward-weights",
    operation_id="propose_reward_weights",
    summary="登记奖补资金在各类单位间的权重",
    status_code=201,
)
async def propose_reward_weights(body: WeightsCreate, principal: Writer, tx: Tx, _: IdempotencyRequired) -> WeightsRead:
    """通知没有规定比例，由主管部门商定；由另一人确认后生效，确认后不再修改。"""
    return WeightsRead.of(await service.propose_weights(tx, body.order(), principal.subject, now()))


@router.get("/reward-weights", operation_id="list_reward_weights", summary="查看奖补权重")
async def list_reward_weights(_: Reader, tx: Tx) -> WeightsList:
    """新登记的在前；未确认的尚不适用。"""
    return WeightsList(items=[WeightsRead.of(row) for row in await service.list_weights(tx)])


@router.post(
    "/reward-weights/{weights_id}/confirmation",
    operation_id="confirm_reward_weights",
    summary="确认奖补权重",
    responses=problems(WeightsNotFoundError, WeightsConfirmedError, RewardFourEyesError),
)
async def confirm_reward_weights(
    weights_id: Annotated[UUID, Path(description="权重编号")], principal: Closer, tx: Tx, _: IdempotencyRequired
) -> WeightsRead:
    """确认人不能是登记人。"""
    return WeightsRead.of(await service.confirm_weights(tx, weights_id, principal.subject, now()))


@router.post(
    "/reward-pools",
    operation_id="compute_reward_pool",
    summary="按已发放的贷款计算年度奖补资金",
    responses=problems(RewardYearNotFoundError, SchemeWithoutRateError, WeightsMissingError, NothingLentError),
)
async def compute_reward_pool(
    body: PoolCreate, principal: Writer, tx: Tx, _: IdempotencyRequired, response: Response
) -> PoolRead:
    """以系统内当年发放额减当年入账的撤销额为基数计提，分给各类单位和各单位，分毫不差。关账前可以重算；关账后返回关账时的结果。

    总额由上级下达的办法（CENTRAL_AWARD_75）在pool中填写总额，按净新发放额分配。
    """
    if principal.unit not in (None, CITY, body.unit):
        raise RewardYearNotFoundError
    row = await service.compute_pool(tx, body.unit, body.year, body.scheme, body.pool, principal.subject, now())
    return _answer(row, response)


@router.get("/reward-pools", operation_id="list_reward_pools", summary="查询年度奖补资金")
async def list_reward_pools(
    principal: Reader,
    tx: Tx,
    page: PageQuery,
    unit: Annotated[Code | None, Query(description="单位代码，全市为ZZ")] = None,
    year: Annotated[Year | None, Query(description="年度")] = None,
    state: Annotated[Literal["COMPUTED", "CLOSED"] | None, Query(description="COMPUTED已计算，CLOSED已关账")] = None,
) -> PoolList:
    """新计算的在前。县（市、区）账号只见本单位的。"""
    filters = {"unit": unit, "year": year, "state": state, "own": principal.unit}
    after = page.after(filters)
    before = UUID(after[0]) if after else None
    rows = await service.list_years(tx, principal.unit, unit, year, state, before, page.limit + 1)
    return PoolList.of_page(rows, page, filters)


@router.get(
    "/reward-pools/{pool_id}",
    operation_id="get_reward_pool",
    summary="查看年度奖补资金",
    responses=problems(RewardYearNotFoundError),
)
async def get_reward_pool(pool_id: PoolPath, principal: Reader, tx: Tx, response: Response) -> PoolRead:
    """县（市、区）账号只见本单位的。"""
    return _answer(await service.read_year(tx, pool_id, principal.unit), response)


@router.post(
    "/reward-pools/{pool_id}/closure",
    operation_id="close_reward_pool",
    summary="年度奖补资金关账",
    responses=problems(
        RewardYearNotFoundError,
        IfMatchRequiredError,
        VersionStaleError,
        YearClosedError,
        YearNotOverError,
        FiguresChangedError,
        RewardFourEyesError,
    ),
)
async def close_reward_pool(
    pool_id: PoolPath,
    principal: Closer,
    tx: Tx,
    _: IdempotencyRequired,
    response: Response,
    if_match: IfMatch = None,
) -> PoolRead:
    """由计算人以外的人办理，须带If-Match。关账后到达的发放和撤销计入以后的年度。"""
    return _answer(await service.close_year(tx, pool_id, principal.subject, if_match, now()), response)
