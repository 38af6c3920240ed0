"""What can go wrong with a warning."""

from kit.errors import NotFoundError, StateConflictError, ValidationFailedError


class WarningNotFoundError(NotFoundError):
    code = "WARNING_NOT_FOUND"
    title = "没有这一预警"
    default_detail = "编号不存在，或您无权查看；请在预警列表中核对编号。"


class WarningEndedError(StateConflictError):
    code = "WARNING_ENDED"
    title = "该预警已经解除"
    default_detail = "已解除的预警无需再反馈；请查询最新状态。"


class AnswerInvalidError(ValidationFailedError):
    code = "ANSWER_INVALID"
    title = "反馈内容有误"
