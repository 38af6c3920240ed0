"""The register of grants."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response

from eligibility_svc.applications.endpoints import Keys, actor
from eligibility_svc.applications.errors import AlreadyGrantedError, FourEyesError
from eligibility_svc.grants import entering, repository
from eligibility_svc.grants.errors import GrantInvalidError, GrantNotFoundError, GrantRevokedError
from eligibility_svc.grants.schemas import GrantCreate, GrantDetail, GrantList, RevocationCreate
from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Tx
from kit.http.idempotency import IdempotencyRequired
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code

router = Router(prefix="/api/v1/eligibility", tags=["待遇登记"])
Reader = Annotated[Principal, requires("eligibility.grant.read")]
Enterer = Annotated[Principal, requires("eligibility.grant.enter")]
Revoker = Annotated[Principal, requires("eligibility.grant.revoke")]
GrantPath = Annotated[UUID, Path(description="待遇登记编号")]
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


@router.post(
    "/grants",
    operation_id="enter_grant",
    summary="补登以前给予的待遇",
    status_code=201,
    responses=problems(GrantInvalidError, AlreadyGrantedError),
)
async def enter_grant(
    body: GrantCreate, principal: Enterer, tx: Tx, _: IdempotencyRequired, vault: Keys, response: Response
) -> GrantDetail:
    """本平台启用前或在平台外给予的待遇，登记后同样计入一次性、年度和按人的限制。须有批准文件或发放凭证。"""
    view = await entering.enter_grant(tx, vault, actor(principal), body.earlier(), now())
    response.headers["Location"] = f"/api/v1/eligibility/grants/{view.row.grant_id}"
    return GrantDetail.of_view(view)


@router.get(
    "/grants/{grant_id}", operation_id="get_grant", summary="查看一条待遇登记", responses=problems(GrantNotFoundError)
)
async def get_grant(grant_id: GrantPath, principal: Reader, tx: Tx, vault: Keys) -> GrantDetail:
    """县（市、区）账号只见本单位给予的。"""
    return GrantDetail.of_view(await entering.read_grant(tx, vault, actor(principal), grant_id))


@router.post(
    "/grants/{grant_id}/revocation",
    operation_id="revoke_grant",
    summary="撤销待遇",
    responses=problems(GrantNotFoundError, GrantRevokedError, FourEyesError),
)
async def revoke_grant(
    grant_id: GrantPath, body: RevocationCreate, principal: Revoker, tx: Tx, _: IdempotencyRequired, vault: Keys
) -> GrantDetail:
    """撤销人不能是作出决定或补登的人。撤销后不再计入限制，申请转为“已撤销”；已发放的款项另行追回。"""
    view = await entering.revoke_grant(tx, vault, actor(principal), grant_id, body.reason, now())
    return GrantDetail.of_view(view)
