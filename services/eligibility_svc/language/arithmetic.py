"""An amount written out step by step, as a person would check it by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from eligibility_svc.language.closures import compile_rule
from eligibility_svc.language.functions import YearShare, years_of_share
from eligibility_svc.language.nodes import Arithmetic, Call, Choose, Extreme, FactRef, Kind, Node, ParamRef, Value
from kit.money import fixed, yuan

_SIGNS = {"+": "+", "-": "-", "*": "×"}


@dataclass(frozen=True, slots=True)
class Words:
    """What the values are called: units of facts, label and unit of parameters."""

    units: Mapping[str, str]
    parameters: Mapping[str, tuple[str, str]]


@dataclass(slots=True)
class _Writer:
    facts: Mapping[str, Value | None]
    parameters: Mapping[str, Value]
    as_of: date
    words: Words
    lines: list[str] = field(default_factory=list)

    def value(self, node: Node) -> Value | None:
        found: Value | None = compile_rule("", node).run(self.facts, self.parameters, self.as_of)
        return found

    def text(self, node: Node) -> str:
        """The value of a node in words; what led to it goes into `lines`."""
        match node:
            case Arithmetic(operator=sign, left=left, right=right):
                return self.step(f"{self.text(left)} {_SIGNS[sign]} {self.text(right)}", node)
            case Extreme(operator=name, parts=parts):
                return self.extreme("小" if name == "min" else "大", parts, self.value(node))
            case Choose(condition=condition, then=then, otherwise=otherwise):
                return self.text(then if self.value(condition) else otherwise)
            case Call():
                return self.call(node)
            case _:
                return self.quantity(node, self.unit(node))

    def unit(self, node: Node) -> str:
        match node:
            case FactRef(name=name):
                return self.words.units.get(name, "")
            case ParamRef(name=name):
                return self.words.parameters[name][1]
            case _:
                return ""

    def call(self, node: Call) -> str:
        if node.function == "pro_rata":
            amount, part, whole = (self.text(argument) for argument in node.arguments)
            return self.step(f"{amount} × {part} ÷ {whole}", node)
        if node.function == "share_of_months":
            return self.years(node)
        if node.function == "round_up":
            rounded = self.quantity(node, "")
            self.lines.append(f"{self.text(node.arguments[0])}，不足1个的进位为1个：{rounded}")
            return rounded
        return self.quantity(node, "")

    def step(self, left: str, node: Node) -> str:
        result = self.quantity(node, "元")
        self.lines.append(f"{left} = {result}")
        return result

    def extreme(self, which: str, parts: tuple[Node, ...], chosen: Value | None) -> str:
        texts = [self.text(part) for part in parts]
        result = texts[[self.value(part) for part in parts].index(chosen)]
        self.lines.append(f"{'与'.join(texts)}取{which}：{result}")
        return result

    def years(self, node: Call) -> str:
        costs, entered_on, months, share, ceiling = (self.value(argument) for argument in node.arguments)
        years = years_of_share(costs, entered_on, months, share, ceiling)  # type: ignore[arg-type]  # typed by the parser
        share_text, ceiling_text = self.text(node.arguments[3]), self.text(node.arguments[4])
        self.lines.extend(_year_line(year, share_text, ceiling_text) for year in years)
        left_out = len(costs) - sum(len(year.parts) for year in years)  # type: ignore[arg-type]
        if left_out:
            self.lines.append(f"另有{left_out}个月不在入驻起{self.text(node.arguments[2])}内，不予补贴")
        result = self.quantity(node, "元")
        if len(years) != 1:
            self.lines.append(f"各年合计：{result}")
        return result

    def quantity(self, node: Node, unit: str) -> str:
        value = self.value(node)
        match node.type.kind, value:
            case Kind.MONEY, int() | Fraction():
                return f"{yuan(int(value))}{unit}"
            case Kind.NUMBER, int() | Fraction() if unit == "%":
                return f"{_plain(Fraction(value) * 100)}%"
            case Kind.NUMBER, int() | Fraction():
                return _plain(Fraction(value))
            case _:
                return f"{value}{unit}"


def write_out(
    node: Node, facts: Mapping[str, Value | None], parameters: Mapping[str, Value], as_of: date, words: Words
) -> tuple[str, ...]:
    """The steps of a formula whose value is known, in Chinese, the last one ending in the value."""
    writer = _Writer(facts, parameters, as_of, words)
    text = writer.text(node)
    if not writer.lines:
        labels = [words.parameters[part.name][0] for part in _chosen(writer, node) if isinstance(part, ParamRef)]
        writer.lines.append(f"{'、'.join(labels)}：{text}" if labels else text)
    value = writer.value(node)
    if isinstance(value, Fraction) and value.denominator != 1:
        writer.lines.append(f"不足1分的部分舍去：{yuan(int(value))}元")
    return tuple(writer.lines)


def _chosen(writer: _Writer, node: Node) -> tuple[Node, ...]:
    """The node, or the branch of it that counts."""
    if isinstance(node, Choose):
        return _chosen(writer, node.then if writer.value(node.condition) else node.otherwise)
    return (node,)


def _year_line(year: YearShare, share: str, ceiling: str) -> str:
    count, total = len(year.parts), sum(year.parts)
    if len(set(year.parts)) == 1:
        line = f"第{year.number}年：每月费用的{share}为{yuan(year.parts[0])}元，{count}个月 × {yuan(year.parts[0])}元"
    else:
        line = f"第{year.number}年：{count}个月费用的{share}合计"
    line += f" = {yuan(total)}元"
    return f"{line}，超过年度限额{ceiling}，按{yuan(year.paid)}元计" if year.paid < total else line


def _plain(value: Fraction) -> str:
    text = fixed(value.numerator, value.denominator, 4)
    return text.rstrip("0").rstrip(".")
