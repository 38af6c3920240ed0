"""`/api/v1/{service}/webhook-endpoints`: a client's own addresses, their log, and replay."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Body, Path, Query, Request, Response
from sqlalchemy import Row

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.crypto.fields import FieldCipher
from kit.db.engine import Tx
from kit.errors import FieldError, NotFoundError
from kit.http.errors import IfMatchRequiredError, VersionStaleError
from kit.http.etags import IfMatch, set_etag
from kit.http.idempotency import IdempotencyHonoured
from kit.http.paging import PageQuery
from kit.http.problems import problems, validation_failed
from kit.http.routing import Router
from kit.webhooks import repository, service
from kit.webhooks.addresses import Network, parse_networks
from kit.webhooks.domain import EventType
from kit.webhooks.errors import EndpointDisabledError, TooManyEndpointsError
from kit.webhooks.schemas import (
    AttemptRead,
    DeliveryPage,
    DeliveryRead,
    PingRead,
    ReplayOrder,
    ReplayRead,
    WebhookChange,
    WebhookCreated,
    WebhookList,
    WebhookRead,
    WebhookWish,
)

EndpointId = Annotated[UUID, Path(description="接收地址编号")]
_STALE = (NotFoundError, IfMatchRequiredError, VersionStaleError)


def webhook_router(  # noqa: C901  a list of routes
    name: str, events: Sequence[EventType], sees_all: Callable[[Principal], bool]
) -> Router:
    """The calls of one service.

    Args:
        name: of the service; the scope is `{name}.webhook.manage`.
        events: what it tells.
        sees_all: whether a principal may hear of every district's and bank's rows.
    """
    router = Router(prefix=f"/api/v1/{name}/webhook-endpoints", tags=["消息推送"])
    known = {event.name for event in events}
    wished = {"example": {"value": {"url": "https://platform.example/hooks/jiuye", "events": [events[0].name]}}}
    Manager = Annotated[Principal, requires(f"{name}.webhook.manage")]  # noqa: N806  a type

    def wish(body: WebhookWish) -> service.Wish:
        validation_failed(
            [
                FieldError(f"/events/{index}", "EVENT_UNKNOWN", "没有这种事件，请从接口文档的webhooks一节选取。")
                for index, event in enumerate(body.events)
                if event not in known
            ]
        )
        return service.Wish(body.url, body.events, not isinstance(body, WebhookChange) or body.is_active)

    @router.post(
        "",
        operation_id=f"create_{name}_webhook_endpoint",
        summary="登记消息接收地址",
        status_code=201,
        responses=problems(TooManyEndpointsError),
    )
    async def create(
        body: Annotated[WebhookWish, Body(openapi_examples=wished)],
        principal: Manager,
        tx: Tx,
        _: IdempotencyHonoured,
        request: Request,
        response: Response,
    ) -> WebhookCreated:
        """密钥只在此时显示一次。消息按 Standard Webhooks 签名，同一消息可能到达多次，请按 webhook-id 去重。"""
        row, secret = await service.register_endpoint(
            tx, principal, wish(body), sees_all=sees_all(principal), inside=_inside(request), cipher=_cipher(request)
        )
        set_etag(response, row.version)
        return WebhookCreated(**_members(row), secret=secret)

    @router.get("", operation_id=f"list_{name}_webhook_endpoints", summary="自己登记的接收地址")
    async def list_all(principal: Manager, tx: Tx) -> WebhookList:
        """含已停用的，最多5个；密钥不再显示。"""
        rows = await repository.list_endpoints(tx, principal.subject)
        return WebhookList(items=[WebhookRead(**_members(row)) for row in rows])

    @router.get(
        "/{endpoint_id}",
        operation_id=f"get_{name}_webhook_endpoint",
        summary="查看接收地址",
        responses=problems(NotFoundError),
    )
    async def get(endpoint_id: EndpointId, principal: Manager, tx: Tx, response: Response) -> WebhookRead:
        """状态为DISABLED时说明停用的原因；应答头ETag是它的版本，修改时作为If-Match带上。"""
        return _shown(await service.find_endpoint(tx, principal, endpoint_id), response)

    @router.put(
        "/{endpoint_id}",
        operation_id=f"replace_{name}_webhook_endpoint",
        summary="修改、停用或重新启用接收地址",
        responses=problems(*_STALE),
    )
    async def replace(
        endpoint_id: EndpointId,
        body: Annotated[WebhookChange, Body(openapi_examples=wished)],
        principal: Manager,
        tx: Tx,
        request: Request,
        response: Response,
        if_match: IfMatch = None,
    ) -> WebhookRead:
        """整体替换地址和事件；is_active为false停用，为true重新启用。密钥不变。"""
        row = await service.change_endpoint(tx, principal, endpoint_id, if_match, wish(body), _inside(request))
        return _shown(row, response)

    @router.delete(
        "/{endpoint_id}",
        operation_id=f"delete_{name}_webhook_endpoint",
        summary="删除接收地址及其记录",
        status_code=204,
        responses=problems(NotFoundError),
    )
    async def delete(endpoint_id: EndpointId, principal: Manager, tx: Tx) -> None:
        """不再发送，送达记录一并删除；只想暂停请改为停用。"""
        await service.remove_endpoint(tx, principal, endpoint_id)

    @router.post(
        "/{endpoint_id}/rotation",
        operation_id=f"rotate_{name}_webhook_secret",
        summary="更换密钥",
        responses=problems(*_STALE),
    )
    async def rotate(
        endpoint_id: EndpointId,
        principal: Manager,
        tx: Tx,
        request: Request,
        response: Response,
        if_match: IfMatch = None,
    ) -> WebhookCreated:
        """24小时内消息同时用新旧两个密钥签名。"""
        row, secret = await service.rotate_secret(tx, principal, endpoint_id, if_match, _cipher(request))
        set_etag(response, row.version)
        return WebhookCreated(**_members(row), secret=secret)

    @router.post(
        "/{endpoint_id}/ping",
        operation_id=f"ping_{name}_webhook_endpoint",
        summary="发送测试消息",
        status_code=202,
        responses=problems(NotFoundError, EndpointDisabledError),
    )
    async def ping(endpoint_id: EndpointId, principal: Manager, tx: Tx) -> PingRead:
        """向该地址发送一条webhook.ping，签名和重试与正式消息相同，结果见送达记录。"""
        message = await service.ping_endpoint(tx, principal, endpoint_id)
        return PingRead(webhook_id=f"msg_{message.hex}")

    @router.get(
        "/{endpoint_id}/deliveries",
        operation_id=f"list_{name}_webhook_deliveries",
        summary="送达记录",
        responses=problems(NotFoundError),
    )
    async def deliveries(
        endpoint_id: EndpointId,
        principal: Manager,
        tx: Tx,
        page: PageQuery,
        state: Annotated[Literal["PENDING", "DELIVERED", "FAILED"] | None, Query(description="只看这种状态的")] = None,
    ) -> DeliveryPage:
        """记录保留30天。"""
        await service.find_endpoint(tx, principal, endpoint_id)
        filters = {"endpoint": str(endpoint_id), "state": state}
        after = page.after(filters)
        rows = await repository.list_deliveries(
            tx, endpoint_id, state, UUID(after[0]) if after else None, page.limit + 1
        )
        more = len(rows) > page.limit
        rows = rows[: page.limit]
        return DeliveryPage(
            items=[_delivery(row) for row in rows],
            next=page.next([str(rows[-1].message_id)], filters) if more else None,
        )

    @router.post(
        "/{endpoint_id}/replays",
        operation_id=f"replay_{name}_webhook_deliveries",
        summary="重发未送达的消息",
        status_code=202,
        responses=problems(NotFoundError, EndpointDisabledError),
    )
    async def replays(
        endpoint_id: EndpointId, body: ReplayOrder, principal: Manager, tx: Tx, _: IdempotencyHonoured
    ) -> ReplayRead:
        """按发生的先后逐条重发；某条未送达时按重试间隔等待后从该条继续。进度见送达记录。"""
        _job, count = await service.replay_deliveries(tx, principal, endpoint_id, body.since, again=body.is_again)
        return ReplayRead(count=count)

    return router


def _members(row: Row[Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in WebhookRead.model_fields}


def _shown(row: Row[Any], response: Response) -> WebhookRead:
    set_etag(response, row.version)
    return WebhookRead(**_members(row))


def _delivery(row: Row[Any]) -> DeliveryRead:
    return DeliveryRead(
        webhook_id=f"msg_{row.message_id.hex}",
        event=row.event,
        state=row.state,
        attempts=[AttemptRead.model_validate(tried) for tried in row.tried],
        next_at=row.next_at if row.state == "PENDING" else None,
        delivered_at=row.delivered_at,
        created_at=row.created_at,
    )


def _inside(request: Request) -> list[Network]:
    return parse_networks(request.app.state.settings.webhook_networks)


def _cipher(request: Request) -> FieldCipher:
    return FieldCipher(request.app.state.settings.key_ring)
