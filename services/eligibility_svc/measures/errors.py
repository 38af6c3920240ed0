"""What can be wrong with a question about a measure."""

from kit.errors import NotFoundError


class MeasureNotFoundError(NotFoundError):
    code = "MEASURE_NOT_FOUND"
    title = "没有这项措施"
    default_detail = "没有这个代码的措施，或它在所查日期尚未施行；请查阅措施目录或改查其他日期。"
