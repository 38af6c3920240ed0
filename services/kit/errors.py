"""The errors a use case may raise: a kind and a stable code, never an HTTP status.

`kit.http.problems` is the one place that turns them into RFC 9457 problems. A business refusal is not
an error but a result with reasons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar


class Kind(Enum):
    """What went wrong, in the words of the domain; the value is the HTTP status it is rendered with."""

    MALFORMED = 400
    UNAUTHENTICATED = 401
    FORBIDDEN = 403
    NOT_FOUND = 404
    CONFLICT = 409
    STALE = 412
    TOO_LARGE = 413
    MEDIA_TYPE = 415
    INVALID = 422
    PRECONDITION_REQUIRED = 428
    TOO_MANY = 429
    INTERNAL = 500
    BAD_UPSTREAM = 502
    UNAVAILABLE = 503
    UPSTREAM_TIMEOUT = 504


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault in the input.

    Attributes:
        pointer: RFC 6901 pointer into the body (`/cells/0/value`), or `query:month`, `path:unit`, `header:If-Match`.
        code: UPPER_SNAKE, stable.
        message: Chinese, says what to do, never repeats the input.
    """

    pointer: str
    code: str
    message: str


class DomainError(Exception):
    """A broken expectation. Subclasses fix kind, code and Chinese title; an instance adds the detail."""

    kind: ClassVar[Kind] = Kind.INTERNAL
    code: ClassVar[str] = "INTERNAL"
    title: ClassVar[str] = "系统内部错误"
    default_detail: ClassVar[str] = "请稍后再试；如仍有问题请拨打12333，并告知请求编号。"

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(self.code)
        self.detail = detail or self.default_detail
        self.errors = tuple(errors)
        self.headers = headers or {}


class ValidationFailedError(DomainError):
    kind = Kind.INVALID
    code = "VALIDATION_FAILED"
    title = "提交的内容有误"
    default_detail = "请按 errors 中的提示修改后重新提交。"


class NotFoundError(DomainError):
    kind = Kind.NOT_FOUND
    code = "NOT_FOUND"
    title = "没有找到"
    default_detail = "没有这项内容，或您无权查看；请核对地址或编号。"


class StateConflictError(DomainError):
    kind = Kind.CONFLICT
    code = "STATE_CONFLICT"
    title = "当前状态不允许这样操作"
    default_detail = "请刷新后查看最新状态，再决定下一步。"


class ScopeMissingError(DomainError):
    kind = Kind.FORBIDDEN
    code = "SCOPE_MISSING"
    title = "没有这项操作的权限"
    default_detail = "请使用有相应权限的账号，或联系管理员开通。"
