"""POST /loan-searches."""

from typing import Annotated

from fastapi import Depends, Request

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import today
from kit.db.engine import Tx
from kit.http.problems import problems
from kit.http.routing import Router
from loans_svc.loans.errors import LoanInvalidError
from loans_svc.loans.service.application import Vault
from loans_svc.loans.service.steps import Actor
from loans_svc.progress import service
from loans_svc.progress.schemas import LoanProgressList, LoanSearch, ProgressRead

router = Router(prefix="/api/v1/loans", tags=["担保贷款"])
_PUBLIC = frozenset({"KIOSK", "INTEGRATOR"})


def _vault(request: Request) -> Vault:
    return Vault(request.app.state.settings.key_ring)


@router.post(
    "/loan-searches",
    operation_id="search_loans",
    summary="按证件查询本人贷款和贴息",
    responses=problems(LoanInvalidError),
)
async def search_loans(
    body: LoanSearch,
    principal: Annotated[Principal, requires("loans.progress.read")],
    tx: Tx,
    vault: Annotated[Vault, Depends(_vault)],
) -> LoanProgressList:
    """证件号码和姓名都相符才能查到，不论当初从哪个渠道申请；不相符的和没有贷款的，答复完全相同。

    窗口账号只查到本单位的，银行只查到本行的。查询内容不留存。
    """
    who, borrower = Actor(principal.subject, principal.unit, principal.bank), body.borrower
    found = await service.search_loans(
        tx, vault, who, principal.kind in _PUBLIC, (borrower.id_type, borrower.id_number, borrower.name), today()
    )
    return LoanProgressList(items=[ProgressRead.of(one, principal.subject) for one in found])
