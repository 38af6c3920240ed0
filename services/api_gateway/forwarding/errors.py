"""What can go wrong between a client and a service. A `status` differs from the kind's where HTTP has a closer one."""

from typing import ClassVar

from kit.errors import DomainError, Kind


class RequestRefusedError(DomainError):
    """The shape of the request itself is refused, before anything looks at what it asks."""

    kind = Kind.MALFORMED
    code = "REQUEST_INVALID"
    title = "请求格式有误"
    default_detail = "请检查请求头：Host只能有一个，同一请求头不要重复，总数不超过100个。"
    status: ClassVar[int] = 400


class TargetInvalidError(RequestRefusedError):
    code = "TARGET_INVALID"
    title = "请求地址有误"
    default_detail = "地址中不能含有编码的斜杠、反斜杠、空字符或“..”等路径段，请按接口文档填写。"


class TargetTooLongError(RequestRefusedError):
    code = "TARGET_TOO_LONG"
    title = "请求地址过长"
    default_detail = "地址连同查询参数不能超过8 KiB，请缩短后重试。"
    status = 414


class HeadersTooLargeError(RequestRefusedError):
    code = "HEADERS_TOO_LARGE"
    title = "请求头过多或过大"
    default_detail = "请求头不能超过100个，合计不能超过16 KiB，请精简后重试。"
    status = 431


class RequestSlowError(RequestRefusedError):
    code = "REQUEST_TIMEOUT"
    title = "等待请求内容超时"
    default_detail = "长时间没有收到完整的请求，请检查网络后重新提交。"
    status = 408


class MethodRefusedError(RequestRefusedError):
    code = "METHOD_NOT_ALLOWED"
    title = "不支持的操作"
    default_detail = "不支持该请求方法，请对照接口文档核对。"
    status = 405


class HostUnknownError(RequestRefusedError):
    code = "HOST_UNKNOWN"
    title = "请求的主机名不属于本平台"
    default_detail = "请按接口文档中的公开地址访问，不要改动Host请求头。"
    status = 421


class MaintenanceError(DomainError):
    """An operator has taken the service, or all of them, out of use for a while."""

    kind = Kind.UNAVAILABLE
    code = "MAINTENANCE"
    title = "系统正在维护"
    default_detail = "请求没有被受理，请在维护结束后重试；如急需办理可拨打12333。"


class DrainingError(DomainError):
    """This process is about to end; another one, or its successor, takes the request."""

    kind = Kind.UNAVAILABLE
    code = "SHUTTING_DOWN"
    title = "网关正在重启"
    default_detail = "请求没有被受理，请立即重试。"


class PoolExhaustedError(DomainError):
    """All places of the service were taken for as long as a request may wait."""

    kind = Kind.UNAVAILABLE
    code = "POOL_EXHAUSTED"
    title = "服务繁忙"
    default_detail = "办理的人较多，请求尚未被受理，请稍后重试。"


class BreakerOpenError(DomainError):
    """Every instance of the service has failed so often that it is left alone for a moment."""

    kind = Kind.UNAVAILABLE
    code = "BREAKER_OPEN"
    title = "服务暂停受理"
    default_detail = "服务连续出错，正在恢复，请求尚未被受理，请稍后重试。"


class UpstreamUnavailableError(DomainError):
    """No connection could be had: the service has seen nothing of the request."""

    kind = Kind.UNAVAILABLE
    code = "UPSTREAM_UNAVAILABLE"
    title = "服务暂时不可用"
    default_detail = "请求尚未被受理，请稍后重试；如急需办理可拨打12333。"


class UpstreamLostError(DomainError):
    """The connection ended before the answer did: what the service did is not known."""

    kind = Kind.BAD_UPSTREAM
    code = "UPSTREAM_LOST"
    title = "与服务的连接中断"
    default_detail = "请求是否已处理尚不确定，请用同一个Idempotency-Key重试，或查询后再操作。"


class UpstreamInvalidError(DomainError):
    """What came back is no HTTP answer whose end can be seen."""

    kind = Kind.BAD_UPSTREAM
    code = "UPSTREAM_INVALID"
    title = "服务的应答无法识别"
    default_detail = "请稍后再试；如仍有问题请拨打12333，并告知请求编号。"
    next_step = "请先查询是否已经办理，再决定是否重新提交。"


class UpstreamTimeoutError(DomainError):
    kind = Kind.UPSTREAM_TIMEOUT
    code = "UPSTREAM_TIMEOUT"
    title = "服务应答超时"
    default_detail = "请求是否已处理尚不确定，请稍后用同一个Idempotency-Key重试，或查询后再操作。"
