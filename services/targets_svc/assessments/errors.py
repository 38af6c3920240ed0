"""What can go wrong with a question about the assessment."""

from kit.errors import NotFoundError


class RuleSetNotFoundError(NotFoundError):
    code = "RULE_SET_NOT_FOUND"
    title = "没有这套考核规则"
    default_detail = "该年度没有这套规则；请查询可用的规则后重试。"
