"""What a rule set must keep to before anybody is assessed by it."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from kit.errors import FieldError
from targets_svc.assessments.domain import RuleSet, RuleType
from targets_svc.indicators.domain import Indicator


def find_faults(rules: RuleSet, indicators: Mapping[str, Indicator]) -> Iterator[FieldError]:
    """What does not fit together; every fault at once."""
    for code, weight in rules.weights.items():
        if code not in indicators or not indicators[code].decomposed:
            yield FieldError(f"/weights/{code}", "INDICATOR", "只有分解到各单位的指标才计分，请对照指标目录核对")
        if weight <= 0:
            yield FieldError(f"/weights/{code}", "WEIGHT", "权重应大于零；不计分的指标请不要列出")
    for code in rules.rules.keys() - rules.weights.keys():
        yield FieldError(f"/rules/{code}", "INDICATOR", "另定计分方式的指标应有权重")
    yield from _step_faults(rules)
    if rules.passed > rules.excellent:
        yield FieldError("/grades/pass", "GRADES", "达标分数不能高于优秀分数")
    if rules.veto_cap >= rules.passed:
        yield FieldError("/grades/veto_cap", "GRADES", "否决后的最高分应低于达标分数")


def _step_faults(rules: RuleSet) -> Iterator[FieldError]:
    uses_steps = RuleType.STEPPED in {rules.rule, *rules.rules.values()}
    if uses_steps != bool(rules.steps):
        yield FieldError("/steps", "STEPS", "分档计分应列出各档；不分档的不要列出")
    for (least, share), (lower, less) in pairwise(rules.steps):
        if lower >= least or less > share:
            yield FieldError("/steps", "STEPS", "各档应由高到低，得分比例不能升高")
            break
    if any(share > 1 for _, share in rules.steps):
        yield FieldError("/steps", "STEPS", "得分比例应在0至1之间")
