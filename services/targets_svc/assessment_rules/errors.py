"""What can go wrong with rule sets."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError, ValidationFailedError


class RuleSetDraftNotFoundError(NotFoundError):
    code = "RULE_SET_DRAFT_NOT_FOUND"
    title = "没有这一版考核规则"
    default_detail = "编号不存在；请在考核规则目录中核对。"


class RuleSetInvalidError(ValidationFailedError):
    code = "RULE_SET_INVALID"
    title = "考核规则未通过校验"
    default_detail = "请按 errors 中的提示修改后重新提交；没有保存任何内容。"


class RuleSetPublishedError(StateConflictError):
    code = "RULE_SET_PUBLISHED"
    title = "这一版考核规则已经公布"
    default_detail = "公布后不再修改；如需调整，请以同一代码起草新的一版。"


class RuleSetFourEyesError(DomainError):
    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "考核规则的起草和公布应由两人分别办理；请换由另一位同事公布。"
