"""The errors a use case may raise: a kind and a stable code, never an HTTP status.

`kit.http.problems` is the one place that turns them into RFC 9457 problems. A business refusal is not
an error but a result with reasons.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar


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


# What somebody in front of a screen is told where title or detail are made for programmers: what happened, what to do.
_FOR_PEOPLE: dict[Kind, tuple[str, str]] = {
    Kind.MALFORMED: ("提交的内容无法识别", "请返回上一步重新操作；仍不成功请拨打12333。"),
    Kind.UNAUTHENTICATED: ("登录已失效", "请重新登录后再办理。"),
    Kind.FORBIDDEN: ("没有办理这项业务的权限", "请换用有权限的账号，或联系管理员开通。"),
    Kind.NOT_FOUND: ("没有找到要查的内容", "请核对编号后重新查询。"),
    Kind.CONFLICT: ("当前状态不能这样办理", "请刷新后查看最新状态，再决定下一步。"),
    Kind.STALE: ("内容已被他人更新", "请刷新后在最新内容上修改，再重新提交。"),
    Kind.TOO_LARGE: ("提交的内容过大", "请减少内容或分次提交。"),
    Kind.MEDIA_TYPE: ("不支持这种文件或内容", "请换一种格式后重新提交。"),
    Kind.INVALID: ("提交的内容有误", "请按提示修改后重新提交。"),
    Kind.PRECONDITION_REQUIRED: ("请先查看最新内容", "请刷新后在最新内容上修改，再重新提交。"),
    Kind.TOO_MANY: ("操作过于频繁", "请稍等片刻后再试。"),
    Kind.INTERNAL: ("系统内部错误", "请稍后再试；仍不成功请拨打12333，并告知请求编号。"),
    Kind.BAD_UPSTREAM: ("系统连接中断", "请先查询是否已经办理，再决定是否重新提交。"),
    Kind.UNAVAILABLE: ("系统繁忙", "请稍后再试；如急需办理可拨打12333。"),
    Kind.UPSTREAM_TIMEOUT: ("系统应答超时", "请先查询是否已经办理，再决定是否重新提交。"),
}
_MESSAGE_LENGTH, _STEP_LENGTH = 40, 60
_FOR_PROGRAMMERS = re.compile(r"[A-Za-z]|接口|令牌|请求头|请求参数|主机名|反斜杠")


class DomainError(Exception):
    """A broken expectation. Subclasses fix kind, code and Chinese title; an instance adds the detail.

    `title` and `detail` may name headers and fields, for whoever programs a client. `message_zh` and `next_step_zh`
    are for the person in front of its screen: the same words where they are short and free of Latin letters and of
    words for programmers, those of the kind otherwise. A class sets others where that is too little.

    Attributes:
        type_uri: `type` of the problem where a registry knows it (RFC 9457 §4.2).
        members: more members of the problem.
    """

    kind: ClassVar[Kind] = Kind.INTERNAL
    code: ClassVar[str] = "INTERNAL"
    title: ClassVar[str] = "系统内部错误"
    default_detail: ClassVar[str] = "请稍后再试；如仍有问题请拨打12333，并告知请求编号。"
    message: ClassVar[str | None] = None
    next_step: ClassVar[str | None] = None
    type_uri: ClassVar[str | None] = None

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: dict[str, str] | None = None,
        members: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(self.code)
        self.detail = detail or self.default_detail
        self.errors = tuple(errors)
        self.headers = headers or {}
        self.members = members or {}

    @property
    def message_zh(self) -> str:
        """What happened, in plain Chinese of at most 40 characters."""
        return self.message or _plain(self.title, _MESSAGE_LENGTH) or _FOR_PEOPLE[self.kind][0]

    @property
    def next_step_zh(self) -> str:
        """What to do now, in plain Chinese of at most 60 characters."""
        return self.next_step or _plain(self.detail, _STEP_LENGTH) or _FOR_PEOPLE[self.kind][1]


def _plain(text: str, length: int) -> str | None:
    return text if len(text) <= length and not _FOR_PROGRAMMERS.search(text) else None


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
