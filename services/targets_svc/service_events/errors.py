"""What can go wrong with an event of another service."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError, ValidationFailedError


class NotAServiceError(DomainError):
    kind = Kind.FORBIDDEN
    code = "NOT_A_SERVICE"
    title = "只接受平台内部服务的事件"
    default_detail = "这个地址只供平台内部各服务之间使用。"


class ServiceEventInvalidError(ValidationFailedError):
    code = "SERVICE_EVENT_INVALID"
    title = "事件未通过校验"


class ServiceEventReusedError(StateConflictError):
    code = "SERVICE_EVENT_REUSED"
    title = "同一事件编号已有另一内容"
    default_detail = "更正请先撤销原事件，再用新的编号发送。"


class ServiceEventNotFoundError(NotFoundError):
    code = "SERVICE_EVENT_NOT_FOUND"
    title = "没有这一事件"
    default_detail = "该编号的事件没有收到过；请核对编号，或先发送事件。"
