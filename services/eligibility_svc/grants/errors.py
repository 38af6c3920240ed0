"""What can go wrong with the register of grants."""

from kit.errors import NotFoundError, StateConflictError, ValidationFailedError


class GrantNotFoundError(NotFoundError):
    code = "GRANT_NOT_FOUND"
    title = "没有这条待遇登记"
    default_detail = "没有这个编号的待遇登记，或您无权查看；请核对编号。"


class GrantInvalidError(ValidationFailedError):
    code = "GRANT_INVALID"
    title = "登记内容有误"
    default_detail = "请按 errors 中的提示修改后重新提交。"


class GrantRevokedError(StateConflictError):
    code = "GRANT_REVOKED"
    title = "这项待遇已经撤销"
    default_detail = "这条登记已经撤销，不能再次撤销；原因见该条登记。"
