"""What can go wrong with a year's reward pool."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError


class RewardYearNotFoundError(NotFoundError):
    code = "REWARD_YEAR_NOT_FOUND"
    title = "没有这一年度的奖补资金"
    default_detail = "没有这一编号，或您无权查看；请先按年度和单位计算。"


class WeightsNotFoundError(NotFoundError):
    code = "REWARD_WEIGHTS_NOT_FOUND"
    title = "没有这份奖补权重"
    default_detail = "没有这份奖补权重，请核对编号。"


class WeightsMissingError(StateConflictError):
    code = "REWARD_WEIGHTS_MISSING"
    title = "尚无确认的奖补权重"
    default_detail = "请先登记各类单位的权重，并由另一人确认，再计算奖补资金。"


class WeightsConfirmedError(StateConflictError):
    code = "REWARD_WEIGHTS_CONFIRMED"
    title = "这份奖补权重已经确认"
    default_detail = "确认后不能修改；需要调整的，请登记新的一份。"


class SchemeWithoutRateError(StateConflictError):
    code = "REWARD_SCHEME_WITHOUT_RATE"
    title = "此办法的总额由上级下达"
    default_detail = "该办法不按发放额计提，请在pool中填写上级下达的总额，或改用按比例计提的办法。"


class NothingLentError(StateConflictError):
    """Money from above, and nobody whose lending it could be shared by (S16)."""

    code = "REWARD_NOTHING_LENT"
    title = "没有可据以分配的发放额"
    default_detail = "这一年度在该单位没有净新发放的贷款，下达的总额无法分配；请核对年度和单位。"
    next_step = "请改用按比例计提的办法，或试算下达总额的分配。"


class YearNotOverError(StateConflictError):
    code = "YEAR_NOT_OVER"
    title = "年度尚未结束"
    default_detail = "年度结束后才能关账，请在次年办理。"


class YearClosedError(StateConflictError):
    code = "YEAR_CLOSED"
    title = "这一年度已经关账"
    default_detail = "关账后到达的发放和撤销计入以后的年度，无需重复办理。"


class FiguresChangedError(StateConflictError):
    code = "REWARD_FIGURES_CHANGED"
    title = "计算之后数据有变化"
    default_detail = "请重新计算奖补资金，核对后再关账。"


class RewardFourEyesError(DomainError):
    """Who computes does not close, who proposes weights does not confirm them."""

    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "请换由另一位同事办理本环节。"
