"""The errors that belong to HTTP itself; codes of the reliability design §1.2."""

from kit.errors import DomainError, Kind


class MalformedJsonError(DomainError):
    kind = Kind.MALFORMED
    code = "MALFORMED_JSON"
    title = "请求内容不是规范的JSON"
    default_detail = "请检查JSON格式后重新提交。"


class ParameterInvalidError(DomainError):
    kind = Kind.MALFORMED
    code = "PARAMETER_INVALID"
    title = "请求参数有误"
    default_detail = "请按接口文档填写参数后重试。"


class CursorInvalidError(DomainError):
    kind = Kind.MALFORMED
    code = "CURSOR_INVALID"
    title = "翻页标记无效"
    default_detail = "翻页标记已过期或筛选条件已改变，请从第一页重新查询。"


class IdempotencyKeyMissingError(DomainError):
    kind = Kind.MALFORMED
    code = "IDEMPOTENCY_KEY_MISSING"
    title = "缺少Idempotency-Key请求头"
    default_detail = "请为每次操作生成一个唯一的Idempotency-Key（1至255个可见ASCII字符），重试时使用同一个。"


class IdempotencyKeyReusedError(DomainError):
    kind = Kind.INVALID
    code = "IDEMPOTENCY_KEY_REUSED"
    title = "Idempotency-Key已用于另一份内容"
    default_detail = "新的操作请使用新的Idempotency-Key。"
    message = "这次的内容与刚才提交的不同"
    next_step = "请先查询刚才是否已经办理，再决定是否重新提交。"


class IdempotencyInProgressError(DomainError):
    kind = Kind.CONFLICT
    code = "IDEMPOTENCY_IN_PROGRESS"
    title = "您的请求正在处理"
    default_detail = "请勿重复提交，稍后用同一个Idempotency-Key重试即可得到结果。"
    next_step = "请勿重复提交，稍等片刻后查看办理结果。"


class VersionStaleError(DomainError):
    kind = Kind.STALE
    code = "VERSION_STALE"
    title = "内容已被他人更新"
    default_detail = "请刷新后在最新版本上修改，再重新提交。"


class IfMatchRequiredError(DomainError):
    kind = Kind.PRECONDITION_REQUIRED
    code = "IF_MATCH_REQUIRED"
    title = "缺少If-Match请求头"
    default_detail = "请先查询最新版本，并把响应头ETag的值放入If-Match后提交。"


class BodyTooLargeError(DomainError):
    kind = Kind.TOO_LARGE
    code = "BODY_TOO_LARGE"
    title = "提交的内容过大"
    default_detail = "请求体不能超过1 MiB，请拆分后提交；大批数据请使用文件上传接口。"


class MediaTypeError(DomainError):
    kind = Kind.MEDIA_TYPE
    code = "MEDIA_TYPE"
    title = "不支持的内容类型"
    default_detail = "请使用application/json（UTF-8编码、不压缩）提交。"


class RouteNotFoundError(DomainError):
    kind = Kind.NOT_FOUND
    code = "NOT_FOUND"
    title = "没有找到"
    default_detail = "没有这个地址，请对照接口文档核对。"


class TokenMissingError(DomainError):
    kind = Kind.UNAUTHENTICATED
    code = "TOKEN_MISSING"
    title = "请先登录"
    default_detail = "请先取得访问令牌，并放入Authorization请求头（Bearer）。"


class TokenInvalidError(DomainError):
    kind = Kind.UNAUTHENTICATED
    code = "TOKEN_INVALID"
    title = "访问令牌无效"
    default_detail = "请重新取得访问令牌后再试。"


class TokenExpiredError(DomainError):
    kind = Kind.UNAUTHENTICATED
    code = "TOKEN_EXPIRED"
    title = "访问令牌已过期"
    default_detail = "请重新取得访问令牌后再试。"


class BusyError(DomainError):
    kind = Kind.UNAVAILABLE
    code = "BUSY"
    title = "系统繁忙"
    default_detail = "请稍后再试；如急需办理可拨打12333。"


class PoolExhaustedError(BusyError):
    code = "POOL_EXHAUSTED"


class DatabaseUnavailableError(BusyError):
    code = "DATABASE_UNAVAILABLE"
    title = "系统暂时不可用"
    default_detail = "数据服务正在恢复，请稍后用同一个Idempotency-Key重试。"


class ConstraintError(DomainError):
    kind = Kind.CONFLICT
    code = "CONFLICT"
    title = "与已有数据冲突"
    default_detail = "请刷新后核对是否已经提交过。"
