"""POST /reward-pool-quotes."""

from typing import Annotated

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.http.routing import Router
from loans_svc.reward_pools.schemas import POOL_EXAMPLE, PoolQuoteRead, PoolQuoteRequest
from loans_svc.reward_pools.service import quote_reward_pool
from loans_svc.rules.repository import catalogue

router = Router(prefix="/api/v1/loans", tags=["奖励性补助"])

# Computed, so that the document can't show an answer that the service would not give.
_EXAMPLE = PoolQuoteRead.of(quote_reward_pool(PoolQuoteRequest.model_validate(POOL_EXAMPLE).to_order(), catalogue()))


@router.post(
    "/reward-pool-quotes",
    operation_id="quote_reward_pool",
    summary="奖励性补助试算（不保存）",
    responses={200: {"content": {"application/json": {"example": _EXAMPLE.model_dump(mode="json")}}}},
)
async def quote_pool(body: PoolQuoteRequest, _: Annotated[Principal, requires("loans.pool.run")]) -> PoolQuoteRead:
    """按当年新发放创业担保贷款总额计提奖励性补助，并按权重分给各类单位和各单位，分毫不差。

    还款、提前还款和核销不影响基数；撤销在入账的年度扣减，不足扣减的结转下年。各类单位的权重由您填写，通知没有规定。
    """
    return PoolQuoteRead.of(quote_reward_pool(body.to_order(), catalogue()))
