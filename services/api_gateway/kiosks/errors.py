"""Refusals that a kiosk meets."""

from kit.errors import DomainError, Kind, NotFoundError


class EnrolmentCodeError(NotFoundError):
    code = "ENROLMENT_CODE_INVALID"
    title = "登记码不正确或已失效"
    default_detail = "登记码15分钟内有效且只能使用一次；请核对后重新输入，或请管理员重新生成。"


class DeviceRequiredError(DomainError):
    kind = Kind.FORBIDDEN
    code = "DEVICE_REQUIRED"
    title = "只有自助终端可以这样办理"
    default_detail = "请在已登记并批准的自助终端上办理。"


class NoSessionError(DomainError):
    kind = Kind.CONFLICT
    code = "NO_SESSION"
    title = "没有正在进行的办理"
    default_detail = "当前令牌不属于办事人的会话，无需退出。"
    next_step = "办理已经结束，无需退出。"
