"""Refusals of webhooks."""

from kit.errors import StateConflictError


class TooManyEndpointsError(StateConflictError):
    code = "TOO_MANY_ENDPOINTS"
    title = "接收地址已达上限"
    default_detail = "每个客户端最多登记5个接收地址；请先删除不用的。"


class EndpointDisabledError(StateConflictError):
    code = "ENDPOINT_DISABLED"
    title = "接收地址已停用"
    default_detail = "接收地址已停用；请排除故障并重新启用后再操作。"
