"""GET /due-steps."""

from dataclasses import asdict
from datetime import date
from typing import Annotated

from fastapi import Query

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import today
from kit.db.engine import Tx
from kit.http.paging import PageQuery
from kit.http.routing import Router
from kit.http.wire import Code
from loans_svc.loans.service.steps import Actor
from loans_svc.rules.domain import TimedStep
from loans_svc.time_limits import service
from loans_svc.time_limits.repository import WaitingFilter
from loans_svc.time_limits.schemas import DueStepList

router = Router(prefix="/api/v1/loans", tags=["办理时限"])
Reader = Annotated[Principal, requires("loans.loan.read", "loans.batch.read")]


@router.get("/due-steps", operation_id="list_due_steps", summary="查询待办环节和办理时限")
async def list_due_steps(
    principal: Reader,
    tx: Tx,
    page: PageQuery,
    step: Annotated[TimedStep | None, Query(description="环节")] = None,
    unit: Annotated[Code | None, Query(description="单位代码")] = None,
    bank: Annotated[Code | None, Query(description="银行代码")] = None,
    is_late: Annotated[bool | None, Query(description="true只列超过时限的，false只列未超过的")] = None,
) -> DueStepList:
    """等候最久的在前。时限按工作日计算（节假日和调休按国务院办公厅通知），天数和出处见贴息规则的time_limits。

    银行只见本行的，县（市、区）只见本单位的。季度已结束、有贷款而没有建立批次的，也列为待报送。
    """
    asked = WaitingFilter(step, unit, bank, is_late)
    filters = asdict(asked) | {"own": [principal.unit, principal.bank]}
    after = page.after(filters)
    seen = (date.fromisoformat(after[0]), str(after[1])) if after else None
    who = Actor(principal.subject, principal.unit, principal.bank)
    return DueStepList.of_page(
        await service.list_due_steps(tx, who, asked, seen, page.limit + 1, today()), page, filters
    )
