"""The wire of webhooks."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.http.wire import Instant, RequestModel, ResponseModel

_ENDPOINT: dict[str, Any] = {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "url": "https://platform.example/hooks/jiuye",
    "events": ["loan.disbursed"],
    "state": "ACTIVE",
    "disabled_reason": None,
    "version": 1,
    "created_at": "2025-06-01T02:00:00Z",
}
_SECRET = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="  # noqa: S105  an example


class WebhookWish(RequestModel):
    """接收地址与想要的事件。"""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[!-~]+$", max_length=500)] = Field(
        description="https地址，端口443；登记时和每次发送前都会核对，不能指向内部网络。"
    )
    events: list[Annotated[str, StringConstraints(max_length=64)]] = Field(
        min_length=1, max_length=50, description="想要的事件，见本文档 webhooks 一节。"
    )


class WebhookChange(WebhookWish):
    """整体修改；`is_active` 用于停用和重新启用。"""

    is_active: bool = True


class WebhookRead(ResponseModel):
    """一个接收地址。"""

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_ENDPOINT]}}

    id: UUID
    url: str
    events: list[str]
    state: Literal["ACTIVE", "DISABLED"]
    disabled_reason: str | None = Field(description="BY_OWNER 自行停用；EXHAUSTED 多次发送失败；GONE 对方返回410。")
    version: int
    created_at: datetime


class WebhookCreated(WebhookRead):
    """只此一次显示密钥，请妥善保存。"""

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_ENDPOINT | {"secret": _SECRET}]}}

    secret: str = Field(description="验签密钥（Standard Webhooks，whsec_开头）；轮换后24小时内新旧密钥同时签名。")


class WebhookList(ResponseModel):
    """自己登记的全部接收地址，最多5个。"""

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_ENDPOINT]}]}}

    items: list[WebhookRead]


class ReplayOrder(RequestModel):
    """从何时起重发。"""

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [{"since": "2025-06-01T00:00:00Z"}]}}

    since: Instant
    is_again: bool = Field(default=False, description="为true时，已送达的也再发一次。")


class ReplayRead(ResponseModel):
    """重发任务。"""

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"count": 12}]}}

    count: int = Field(description="等待重发的消息数")


class PingRead(ResponseModel):
    """测试消息。"""

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {"examples": [{"webhook_id": "msg_019330f07a1c7c8e9a3e0d5f6b7a8c9d"}]}
    }

    webhook_id: str


class AttemptRead(ResponseModel):
    """一次发送。"""

    at: datetime
    status: int | None = Field(description="对方的HTTP状态；没有答复时为null")
    error_code: str | None = Field(description="TIMEOUT、CONNECTION_FAILED、NAME_UNKNOWN、ADDRESS_NOT_PUBLIC等")
    milliseconds: int


class DeliveryRead(ResponseModel):
    """一条消息的送达情况。"""

    webhook_id: str
    event: str
    state: Literal["PENDING", "DELIVERED", "FAILED"]
    attempts: list[AttemptRead]
    next_at: datetime | None = Field(description="下次发送时间；不再发送时为null")
    delivered_at: datetime | None
    created_at: datetime


class DeliveryPage(ResponseModel):
    """新的在前。"""

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "items": [
                        {
                            "webhook_id": "msg_019330f07a1c7c8e9a3e0d5f6b7a8c9d",
                            "event": "loan.disbursed",
                            "state": "DELIVERED",
                            "attempts": [
                                {"at": "2025-06-01T02:00:01Z", "status": 204, "error_code": None, "milliseconds": 41}
                            ],
                            "next_at": None,
                            "delivered_at": "2025-06-01T02:00:01Z",
                            "created_at": "2025-06-01T02:00:00Z",
                        }
                    ],
                    "next": None,
                }
            ]
        }
    }

    items: list[DeliveryRead]
    next: str | None
