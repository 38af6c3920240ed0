"""Why a bank's file is not taken, or a batch waits for it."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError, ValidationFailedError


class BankFileNotFoundError(NotFoundError):
    code = "BANK_FILE_NOT_FOUND"
    title = "本批没有银行申报文件"
    default_detail = "本批还没有上传银行申报文件；请先上传，或核对批次编号。"


class BankFileTooLargeError(DomainError):
    kind = Kind.TOO_LARGE
    code = "FILE_TOO_LARGE"
    title = "文件太大"
    default_detail = "csv不超过200 MB，xlsx不超过20 MB；请拆分，或改用csv。"
    next_step = "请拆成几个文件，或改用文本格式后上传。"


class BankFileUnreadableError(ValidationFailedError):
    """The file as a whole; nothing of it is stored."""

    code = "FILE_UNREADABLE"
    title = "文件无法读取"
    default_detail = "请检查文件格式和表头后重新上传。"


class BankFileNotExpectedError(StateConflictError):
    code = "BANK_FILE_NOT_EXPECTED"
    title = "批次当前状态不能核对银行申报文件"
    default_detail = "只有已计算、尚未报送、差异尚未裁定的批次可以核对；请查询批次的状态。"


class BankFileNotReadyError(StateConflictError):
    code = "BANK_FILE_NOT_READY"
    title = "银行申报文件还没有核对完"
    default_detail = "请等任务结束后再试。"


class NothingToResolveError(StateConflictError):
    code = "NOTHING_TO_RESOLVE"
    title = "没有需要裁定的差异"
    default_detail = "最近一份银行申报文件没有未裁定的差异；请查询核对结果。"
