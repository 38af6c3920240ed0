"""What can go wrong with arrivals."""

from kit.errors import NotFoundError, StateConflictError


class BatchNotApprovedError(StateConflictError):
    code = "BATCH_NOT_APPROVED"
    title = "批次尚未批准"
    default_detail = "批次批准后各分担方才应拨付，请在批准后登记到账。"


class ArrivalRefUsedError(StateConflictError):
    code = "BANK_REF_USED"
    title = "到账流水号已经用过"
    default_detail = "同一银行的到账流水号只能登记一次；请核对是否已经登记过。"


class ArrivalNotFoundError(NotFoundError):
    code = "ARRIVAL_NOT_FOUND"
    title = "没有这笔到账"
    default_detail = "没有这笔到账记录，或已经撤销；请核对编号。"
