"""GET /grants."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from eligibility_svc.grants import repository
from eligibility_svc.grants.schemas import GrantList
from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.db.engine import Tx
from kit.http.paging import PageQuery
from kit.http.routing import Router
from kit.http.wire import Code

router = Router(prefix="/api/v1/eligibility", tags=["待遇登记"])
Reader = Annotated[Principal, requires("eligibility.grant.read")]
CITY = "ZZ"


@router.get("/grants", operation_id="list_grants", summary="已经给予的待遇")
async def list_grants(
    principal: Reader,
    tx: Tx,
    page: PageQuery,
    applicant_ref: Annotated[UUID | None, Query(description="申请人代号，见申请的applicant.ref")] = None,
    measure: Annotated[Code | None, Query(description="措施代码")] = None,
) -> GrantList:
    """最近的在前；县（市、区）账号只见本单位给予的。一次性待遇、累计限额按全市登记判断。"""
    own = None if principal.unit == CITY else principal.unit
    filters = {"applicant_ref": applicant_ref, "measure": measure, "own": own}
    rows = await repository.list_grants(
        tx, unit=own, applicant_ref=applicant_ref, measure=measure, after=page.after(filters), limit=page.limit + 1
    )
    return GrantList.of_page(rows, page, filters)
