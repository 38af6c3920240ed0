"""What can go wrong in the register."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError, ValidationFailedError


class EventInvalidError(ValidationFailedError):
    """Rules N1, N2, N4, N8, N9 and N11 of the targets design."""

    code = "EVENT_INVALID"
    title = "实名事件未通过校验"


class UnitNotYoursError(NotFoundError):
    code = "UNIT_NOT_FOUND"
    title = "没有这个单位"
    default_detail = "单位代码不存在，或您无权为该单位登记；请核对单位代码。"


class SourceReusedError(StateConflictError):
    """Rule N5: the same source reference with other content."""

    code = "SOURCE_REUSED"
    title = "同一来源编号已登记过另一内容"
    default_detail = "请核对source_system和source_ref；更正请先撤销原事件，再用新的编号登记。"
    next_step = "请核对来源编号；要更正的，先撤销原事件，再用新的编号登记。"


class EventNotFoundError(NotFoundError):
    code = "EVENT_NOT_FOUND"
    title = "没有这一实名事件"
    default_detail = "编号不存在，或您无权查看；请核对编号。"


class AlreadyRetractedError(StateConflictError):
    code = "EVENT_RETRACTED"
    title = "该实名事件已经撤销"
    default_detail = "无需重复撤销；如撤销有误，请用新的来源编号重新登记。"


class NotPendingError(StateConflictError):
    code = "EVENT_NOT_PENDING"
    title = "该实名事件不在待核实状态"
    default_detail = "它无需核实、已经核实或已经撤销；请刷新后查看。"


class VerifierRecordedError(DomainError):
    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "登记人不能核实自己登记的事件；请由另一位同事核实。"
