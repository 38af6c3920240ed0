"""`/api/v1/{service}/audit-entries`: what was done through a service's calls, for auditors."""

from typing import Annotated

from kit.audit.reading import Action, Actor, Object, read_entries, read_verification
from kit.audit.schemas import AuditEntriesRead, AuditVerificationRead
from kit.audit.sessions import SessionStatements
from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.db.engine import Tx
from kit.http.paging import PageQuery
from kit.http.routing import Router


def audit_router(name: str) -> Router:
    """The calls of one service."""
    router = Router(prefix=f"/api/v1/{name}", tags=["审计"])
    Auditor = Annotated[Principal, requires("audit.read")]  # noqa: N806  a type

    @router.get("/audit-entries", operation_id=f"list_{name}_audit_entries", summary="审计记录，新的在前")
    async def list_entries(
        _: Auditor, tx: Tx, page: PageQuery, actor: Actor = None, object: Object = None, action: Action = None
    ) -> AuditEntriesRead:
        """每个改变数据的操作一条：谁、何时、用哪个操作、对哪个地址，以及新建内容的编号和说明的理由。"""
        return await read_entries(SessionStatements(tx), page, actor=actor, what=object, action=action)

    @router.get(
        "/audit-verification",
        operation_id=f"verify_{name}_audit_trail",
        summary="核验审计记录是否完整、未被改动",
    )
    async def verify_trail(_: Auditor, tx: Tx) -> AuditVerificationRead:
        """逐条验算哈希链，指出第一处不符；请将head与日志中的audit.head核对。"""
        return await read_verification(SessionStatements(tx))

    return router
