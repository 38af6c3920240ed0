"""Refusals of the limiter (draft-ietf-httpapi-ratelimit-headers)."""

from kit.errors import DomainError, Kind


class RateLimitedError(DomainError):
    """One client has used up what is its own."""

    kind = Kind.TOO_MANY
    code = "RATE_LIMITED"
    title = "请求过于频繁"
    default_detail = "已超过每分钟的调用次数，请等待Retry-After所示的秒数后再试。"
    next_step = "请稍等片刻后再试。"
    type_uri = "https://iana.org/assignments/http-problem-types#quota-exceeded"

    def __init__(self, wait_seconds: int = 1) -> None:
        super().__init__(headers={"Retry-After": str(wait_seconds)}, members={"violated-policies": ["client"]})


class CapacityReachedError(DomainError):
    """All clients together have used up what the platform can bear."""

    kind = Kind.UNAVAILABLE
    code = "CAPACITY_REACHED"
    title = "系统繁忙"
    default_detail = "当前访问人数过多，请稍后再试；如急需办理可拨打12333。"
    type_uri = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"}, members={"violated-policies": ["platform"]})
