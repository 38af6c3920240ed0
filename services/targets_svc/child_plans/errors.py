"""What can go wrong when a unit splits its targets."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError, ValidationFailedError


class ChildPlanNotFoundError(NotFoundError):
    code = "CHILD_PLAN_NOT_FOUND"
    title = "没有这一分解方案"
    default_detail = "方案不存在，或您无权查看；请核对编号、单位和年度。"


class ChildPlanInvalidError(ValidationFailedError):
    """Errors of rules P2–P7; the pointers name the item."""

    code = "CHILD_PLAN_INVALID"
    title = "分解方案未通过校验"
    default_detail = "请按 errors 中的提示修改后重新提交；没有保存任何内容。"


class ChildPlanIssuedError(StateConflictError):
    code = "CHILD_PLAN_ISSUED"
    title = "已下达的分解方案不能修改"
    default_detail = "这一版已经下达；如需调整，请提交新版本。"


class ParentPlanChangedError(StateConflictError):
    code = "PARENT_PLAN_CHANGED"
    title = "上级计划已有新版本"
    default_detail = "方案起草之后上级下达了新版本，请按新版本重新分解。"


class ChildPlanFourEyesError(DomainError):
    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "分解方案的起草和下达应由两人分别办理；请换由另一位同事下达。"


class NotLevelAboveError(DomainError):
    kind = Kind.FORBIDDEN
    code = "NOT_LEVEL_ABOVE"
    title = "分解方案由上一级下达"
    default_detail = "本单位不能下达自己的分解方案；请提请市级下达。"
