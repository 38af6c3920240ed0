"""What can go wrong with benchmark rates."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError


class BenchmarkNotFoundError(NotFoundError):
    code = "BENCHMARK_NOT_FOUND"
    title = "没有这一基准利率"
    default_detail = "没有这一基准利率，请核对编号。"


class BenchmarkConfirmedError(StateConflictError):
    code = "BENCHMARK_CONFIRMED"
    title = "这一基准利率已经确认"
    default_detail = "确认后不再修改，无需重复确认；利率有误的，发放时请直接填写合同上的基准利率。"


class BenchmarkTakenError(StateConflictError):
    """Two confirmed rates of one day would leave it open which one counts."""

    code = "BENCHMARK_TAKEN"
    title = "这一天已有确认的基准利率"
    default_detail = (
        "同一公布日只能有一个确认的基准利率；请核对公布日期，利率有误的，发放时请直接填写合同上的基准利率。"
    )


class BenchmarkFourEyesError(DomainError):
    """Who enters a rate does not confirm it."""

    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "登记与确认应由两人分别办理；请换由另一位同事确认。"
