"""Refusals of the token endpoint: problems that also speak RFC 6749 §5.2, and the fault of a clients file."""

from typing import ClassVar

from kit.errors import DomainError, Kind


class ClientsFileError(ValueError):
    """The clients file cannot be used; the message says where and why, and never holds a secret."""


class DeviceDisabledError(DomainError):
    """A kiosk that was switched off, or is not approved yet."""

    kind = Kind.FORBIDDEN
    code = "DEVICE_DISABLED"
    title = "本终端已停用"
    default_detail = "本终端已停用或尚未批准，请联系管理员。"


class TokenRequestError(DomainError):
    """Attributes:
    oauth_error: the `error` member of RFC 6749 §5.2.
    oauth_description: its `error_description`, ASCII as the RFC demands.
    """

    kind = Kind.MALFORMED
    code = "TOKEN_REQUEST_INVALID"
    title = "换取令牌的请求有误"
    default_detail = "请用表单提交grant_type、client_id和client_secret，每项只填一次。"
    oauth_error: ClassVar[str] = "invalid_request"
    oauth_description: ClassVar[str] = "The request misses a parameter, repeats one, or proves the client in two ways."


class SecretInAddressError(TokenRequestError):
    default_detail = "请把client_id和client_secret放在请求体或Authorization请求头中，不要放在网址里；请更换这个密钥。"
    oauth_description = "Credentials must not be part of the request URI."


class GrantTypeError(TokenRequestError):
    code = "GRANT_TYPE_UNSUPPORTED"
    title = "不支持的授权方式"
    default_detail = "grant_type请填写client_credentials，外部登录请填写urn:ietf:params:oauth:grant-type:jwt-bearer。"
    oauth_error = "unsupported_grant_type"
    oauth_description = "Only client_credentials and jwt-bearer are supported."


class ScopeNotGrantedError(TokenRequestError):
    code = "SCOPE_NOT_GRANTED"
    title = "申请的权限不存在或未开通"
    default_detail = "请只申请已开通的权限；不填scope则得到全部已开通的权限。"
    oauth_error = "invalid_scope"
    oauth_description = "A requested scope is unknown, malformed or not granted to the client."


class ClientUnknownError(TokenRequestError):
    kind = Kind.UNAUTHENTICATED
    code = "CLIENT_INVALID"
    title = "客户端编号或密钥不正确"
    default_detail = "请核对client_id和client_secret；多次失败后需等待一段时间。"
    next_step = "请核对客户端编号和密钥；多次失败后需等待一段时间。"
    oauth_error = "invalid_client"
    oauth_description = "Client authentication failed."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Basic realm="jiuye", charset="UTF-8"'})


class AssertionInvalidError(TokenRequestError):
    """A token of an outside issuer that is not believed, whatever the reason."""

    kind = Kind.UNAUTHENTICATED
    code = "ASSERTION_INVALID"
    title = "外部登录凭证无效"
    default_detail = "请重新登录统一身份认证平台后再试；仍不成功请联系管理员核对您的角色和单位。"
    oauth_error = "invalid_grant"
    oauth_description = "The assertion is expired, from an unknown issuer, or stands for nobody here."


class TooManyFailuresError(TokenRequestError):
    """Too many wrong secrets for this client id."""

    kind = Kind.TOO_MANY
    code = "TOO_MANY_FAILURES"
    title = "密钥错误次数过多"
    default_detail = "请核对密钥，等待Retry-After所示的秒数后再试。"
    next_step = "请核对密钥，稍等片刻后再试。"
    oauth_error = "temporarily_unavailable"
    oauth_description = "Too many failed attempts for this client; see Retry-After."

    def __init__(self, wait_seconds: int = 600, *, limit: int = 5, window_seconds: int = 600) -> None:
        super().__init__(
            headers={
                "Retry-After": str(wait_seconds),
                "RateLimit-Policy": f'"login";q={limit};w={window_seconds}',
                "RateLimit": f'"login";r=0;t={wait_seconds}',
            }
        )


class TokenFormTooLargeError(TokenRequestError):
    kind = Kind.TOO_LARGE
    code = "BODY_TOO_LARGE"
    title = "提交的内容过大"
    default_detail = "换取令牌的表单不能超过8 KiB。"
    oauth_description = "The form is larger than 8 KiB."


class TokenMediaTypeError(TokenRequestError):
    kind = Kind.MEDIA_TYPE
    code = "MEDIA_TYPE"
    title = "不支持的内容类型"
    default_detail = "请使用application/x-www-form-urlencoded（UTF-8编码）提交表单。"
    oauth_description = "The body must be application/x-www-form-urlencoded in UTF-8."
