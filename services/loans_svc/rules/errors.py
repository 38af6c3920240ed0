"""What can go wrong with rules."""

from kit.errors import NotFoundError


class RuleNotFoundError(NotFoundError):
    code = "RULE_NOT_FOUND"
    title = "没有这条贴息规则"
    default_detail = "没有这个规则代码，请查询贴息规则的清单后再试。"
