"""What can go wrong in the life of an application."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError, ValidationFailedError


class ApplicationNotFoundError(NotFoundError):
    code = "APPLICATION_NOT_FOUND"
    title = "没有这份申请"
    default_detail = "没有这个编号的申请，或您无权查看；请核对编号。"


class ApplicationInvalidError(ValidationFailedError):
    code = "APPLICATION_INVALID"
    title = "申请内容有误"
    default_detail = "请按 errors 中的提示修改后重新提交。"


class StepRefusedError(StateConflictError):
    code = "APPLICATION_STATE_CONFLICT"
    title = "申请当前状态不能办理此项操作"
    default_detail = "请查询申请的最新状态，再决定下一步。"


class FourEyesError(DomainError):
    """Acceptance, decision, review and payment are the work of different people."""

    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "受理、决定、复核、发放应由不同的人办理；请换由另一位同事办理本环节。"


class NotEntitledError(DomainError):
    """A grant is decided as the check says; the reasons stand in the application."""

    kind = Kind.CONFLICT
    code = "NOT_ENTITLED"
    title = "核对结果不支持准予"
    default_detail = "按已提交的信息和发放登记，不符合条件或尚缺信息；请查看核对结果后退回补正或不予批准。"


class AlreadyGrantedError(DomainError):
    kind = Kind.CONFLICT
    code = "ALREADY_GRANTED"
    title = "这项待遇已经给予"
    default_detail = "登记显示申请人已经享受过这项待遇，不能重复给予；请查看核对结果。"


class AmountOpenError(DomainError):
    """No amount is invented: one that rules still have to set is published as a parameter first."""

    kind = Kind.CONFLICT
    code = "AMOUNT_OPEN"
    title = "补贴标准尚未公布"
    default_detail = "这项补贴的标准由实施细则确定，尚未公布；请待标准公布后再作出准予决定。"


class AlreadyRatedError(DomainError):
    kind = Kind.CONFLICT
    code = "ALREADY_RATED"
    title = "已经评价过"
    default_detail = "每份申请只能评价一次，感谢您的评价。"
