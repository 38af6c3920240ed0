"""What can go wrong with the mapping table."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError, ValidationFailedError


class MappingNotFoundError(NotFoundError):
    code = "MAPPING_NOT_FOUND"
    title = "对照表中没有这一行"
    default_detail = "请在对照表中核对代码。"


class MappingChangeNotFoundError(NotFoundError):
    code = "MAPPING_CHANGE_NOT_FOUND"
    title = "没有这一对照变更"
    default_detail = "请在对照变更列表中核对编号。"


class MappingInvalidError(ValidationFailedError):
    code = "MAPPING_INVALID"
    title = "对照行未通过校验"


class MappingTakenError(StateConflictError):
    """A row that was used is never changed: it is ended, and another one added."""

    code = "MAPPING_TAKEN"
    title = "这个代码已有生效的对照行"
    default_detail = "生效的对照行不能修改；请先终止原行，再以新的代码增加。"


class MappingEndedError(StateConflictError):
    code = "MAPPING_ENDED"
    title = "这一行已有终止日期"
    default_detail = "终止日期生效后不再修改；如需继续计入，请以新的代码增加一行。"


class MappingConfirmedError(StateConflictError):
    code = "MAPPING_CONFIRMED"
    title = "这一变更已经确认"
    default_detail = "确认后不再修改，无需重复确认。"


class MappingFourEyesError(DomainError):
    """Who proposes a change of what counts does not confirm it."""

    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "对照表的变更由一人提出、另一人确认；请换由另一位同事确认。"
