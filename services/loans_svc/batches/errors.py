"""What can go wrong with a batch."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError


class BatchNotFoundError(NotFoundError):
    code = "BATCH_NOT_FOUND"
    title = "没有这个贴息批次"
    default_detail = "没有这个贴息批次，或您无权查看；请核对编号、银行和单位。"


class LineNotFoundError(NotFoundError):
    code = "LINE_NOT_FOUND"
    title = "本批没有这一行"
    default_detail = "行号自1起，不超过本批的行数；请核对行号。"


class ClaimTooLargeError(StateConflictError):
    code = "CLAIM_TOO_LARGE"
    title = "明细太多，不能写成一个工作簿"
    default_detail = "工作簿最多50000行；请改用明细行接口逐页读取。"
    next_step = "请在明细列表中逐页查看。"


class BatchExistsError(StateConflictError):
    code = "BATCH_EXISTS"
    title = "该行该单位本期已有批次"
    default_detail = "本期批次尚未驳回，不能另建；迟到的事项在下一期批次中更正。"


class PeriodClosedError(StateConflictError):
    code = "PERIOD_CLOSED"
    title = "该期已经关闭"
    default_detail = "以后各期已有批次，不能再向本期入账；更正请在下一期办理。"


class PeriodNotOverError(StateConflictError):
    code = "PERIOD_NOT_OVER"
    title = "该期尚未结束"
    default_detail = "季度结束后才能建立贴息批次，请在期末之后办理。"


class EarlierBatchOpenError(StateConflictError):
    code = "EARLIER_BATCH_OPEN"
    title = "以前各期的批次尚未支付"
    default_detail = "请先办结以前各期的批次（支付或驳回），再建立本期批次。"


class BatchStateError(StateConflictError):
    code = "BATCH_STATE_CONFLICT"
    title = "批次当前状态不能办理此项操作"
    default_detail = "请查询批次的最新状态，再决定下一步。"


class BankLinesDifferError(StateConflictError):
    code = "BANK_LINES_DIFFER"
    title = "银行申报文件与本批不一致"
    default_detail = "请等核对结束；有差异的，由银行改正后重新上传，或由审核人员裁定，再行报送。"


class PayersMissingError(StateConflictError):
    code = "PAYERS_MISSING"
    title = "有金额没有指定分担比例"
    default_detail = "部分贷款没有分担比例，资金无法分配；请驳回后指定分担比例，重新建立批次。"


class BatchFourEyesError(DomainError):
    """Submission, review, approval and payment are four people's work (loans design S18)."""

    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "报送、审核、批准、支付应由不同的人办理；请换由另一位同事办理本环节。"
