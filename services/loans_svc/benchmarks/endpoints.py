"""The table of benchmark rates."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Tx
from kit.http.idempotency import IdempotencyRequired
from kit.http.problems import problems
from kit.http.routing import Router
from loans_svc.benchmarks import service
from loans_svc.benchmarks.errors import (
    BenchmarkConfirmedError,
    BenchmarkFourEyesError,
    BenchmarkNotFoundError,
    BenchmarkTakenError,
)
from loans_svc.benchmarks.schemas import BenchmarkCreate, BenchmarkList, BenchmarkRead

router = Router(prefix="/api/v1/loans", tags=["贴息规则"])


@router.get("/benchmark-rates", operation_id="list_benchmark_rates", summary="查看基准利率表")
async def list_benchmark_rates(_: Annotated[Principal, requires("loans.rule.read")], tx: Tx) -> BenchmarkList:
    """一年期贷款市场报价利率（LPR），2019年8月20日以前为贷款基础利率。确认后才用于贷款和试算；参考表只供登记时采用。"""
    return BenchmarkList.of(await service.list_rates(tx))


@router.post("/benchmark-rates", operation_id="enter_benchmark_rate", summary="登记基准利率", status_code=201)
async def enter_benchmark_rate(
    body: BenchmarkCreate,
    principal: Annotated[Principal, requires("loans.benchmark.write")],
    tx: Tx,
    _: IdempotencyRequired,
) -> BenchmarkRead:
    """由另一人确认后生效；确认后不再修改。公布日在参考表中的，只填公布日即可；确认人请对照当日公告。"""
    return BenchmarkRead.of(await service.enter_rate(tx, body.entry(), principal.subject, now()))


@router.post(
    "/benchmark-rates/{rate_id}/confirmation",
    operation_id="confirm_benchmark_rate",
    summary="确认基准利率",
    responses=problems(BenchmarkNotFoundError, BenchmarkConfirmedError, BenchmarkTakenError, BenchmarkFourEyesError),
)
async def confirm_benchmark_rate(
    rate_id: Annotated[UUID, Path(description="基准利率编号")],
    principal: Annotated[Principal, requires("loans.benchmark.confirm")],
    tx: Tx,
    _: IdempotencyRequired,
) -> BenchmarkRead:
    """确认人不能是登记人；同一公布日只能确认一个。"""
    return BenchmarkRead.of(await service.confirm_rate(tx, rate_id, principal.subject, now()))
