"""From the bound tree to an expression over columns, for any engine that has columns.

The semantics stand here once: what is unknown, how wide a product may become, that amounts are exact fractions
until the one rounding. An engine (`Target`) brings some twenty primitives; `polars_columns` and `sql_columns` are two.
Literals of value None are unknown.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import partial, reduce
from typing import Generic, TypeVar

from eligibility_svc.language.nodes import (
    Arithmetic,
    Call,
    Choose,
    Compare,
    Const,
    Every,
    Extreme,
    FactRef,
    Kind,
    Member,
    Negation,
    Node,
    Some,
    Type,
)
from eligibility_svc.language.solving import solved

E = TypeVar("E")

NARROW = 2**63 - 1
WIDE = 2**127 - 1
# What the vocabulary lets in (`facts.reading`, `kit.money`), and the months between any two dates.
BOUNDS = {Kind.COUNT: (0, 1_000_000_000), Kind.MONEY: (0, 10**16 - 1)}
_MONTHS = 120_000
_NUMERIC = {Kind.COUNT, Kind.NUMBER, Kind.MONEY}


class ColumnError(Exception):
    """A rule that cannot be computed over columns without losing exactness."""


class Target(ABC, Generic[E]):
    """An engine's primitives. Unless said otherwise an unknown operand makes the result unknown."""

    @abstractmethod
    def fact(self, name: str, of: Type) -> E: ...

    @abstractmethod
    def literal(self, value: bool | int | str | date | None, of: Type) -> E: ...

    @abstractmethod
    def every(self, parts: Sequence[E]) -> E:
        """Kleene `and`."""

    @abstractmethod
    def some(self, parts: Sequence[E]) -> E:
        """Kleene `or`."""

    @abstractmethod
    def negation(self, operand: E) -> E: ...

    @abstractmethod
    def compare(self, operator: str, left: E, right: E) -> E: ...

    @abstractmethod
    def member(self, item: E, choices: Sequence[str]) -> E: ...

    @abstractmethod
    def arithmetic(self, operator: str, left: E, right: E) -> E: ...

    @abstractmethod
    def widened(self, value: E) -> E:
        """The same whole number with room for 127 bits."""

    @abstractmethod
    def narrowed(self, value: E) -> E:
        """A whole number in 63 bits, into which it fits."""

    @abstractmethod
    def quotient(self, left: E, right: E) -> E:
        """Whole division of a number that is not negative by a positive one, rounded down."""

    @abstractmethod
    def either(self, condition: E, then: E, otherwise: E) -> E:
        """`then` where the condition holds, `otherwise` where it does not, unknown where it is unknown."""

    @abstractmethod
    def where(self, certain: E, then: E, otherwise: E) -> E:
        """`then` where a condition that is never unknown holds, else `otherwise`."""

    @abstractmethod
    def holds(self, truth: E) -> E:
        """Whether it is true; never unknown."""

    @abstractmethod
    def fails(self, truth: E) -> E:
        """Whether it is false; never unknown."""

    @abstractmethod
    def is_unknown(self, value: E) -> E:
        """Never unknown itself."""

    @abstractmethod
    def months_after(self, day: E, months: int) -> E: ...

    @abstractmethod
    def year(self, day: E) -> E: ...

    @abstractmethod
    def month(self, day: E) -> E: ...

    @abstractmethod
    def day(self, day: E) -> E: ...

    @abstractmethod
    def is_month_end(self, day: E) -> E: ...

    @abstractmethod
    def share_of_months(self, fact: str, entered_on: E, months: int, share: Fraction, ceiling: int) -> E:
        """`functions.share_of_months` of a fact of monthly amounts."""

    @abstractmethod
    def at_least(self, count: int, truths: Sequence[E]) -> E:
        """Whether so many of the truths hold; unknown while the unknown ones could tip it."""

    @abstractmethod
    def count(self, certain: Sequence[E]) -> E:
        """How many of the conditions, which are never unknown, hold."""

    @abstractmethod
    def outcome(self, verdict: E) -> E:
        """0 for false, 1 for unknown, 2 for true."""

    @abstractmethod
    def mask(self, flags: Sequence[E]) -> E:
        """Conditions that are never unknown as the bits of a number, the first one the lowest; at most 64."""


@dataclass(frozen=True, slots=True)
class Number(Generic[E]):
    """A fraction over columns, its numerator from `low` to `high`, its denominator (None is 1) from 1 to `most`."""

    numerator: E
    denominator: E | None
    low: int
    high: int
    most: int = 1

    @property
    def size(self) -> int:
        return max(abs(self.low), abs(self.high))


class Columns(Generic[E]):
    """Compiles bound trees for one target."""

    def __init__(self, target: Target[E]) -> None:
        self.target = target

    # A case for each class of the tree.
    def truth(self, node: Node) -> E:  # noqa: PLR0911
        """A column of true, false and unknown."""
        target = self.target
        match node := solved(node):
            case Every(parts=parts):
                return target.every([self.truth(part) for part in parts])
            case Some(parts=parts):
                return target.some([self.truth(part) for part in parts])
            case Negation(operand=operand):
                return target.negation(self.truth(operand))
            case Compare():
                return self._comparison(node)
            case Member(item=item, choices=choices):
                return target.member(self.plain(item), sorted(choices))
            case Call(function="in_year_of", arguments=(left, right)):
                return target.compare("==", target.year(self.plain(left)), target.year(self.plain(right)))
            case _:
                return self.plain(node)

    def is_unknown_fact(self, fact: FactRef) -> E:
        """Whether a fact of any type is unknown; never unknown itself."""
        return self.target.is_unknown(self.target.fact(fact.name, fact.type))

    def plain(self, node: Node) -> E:
        """A column of truths, dates or choices."""
        target = self.target
        match node:
            case Const(value=bool() | str() | date() | None as value, type=of):
                return target.literal(value, of)
            case FactRef(name=name, type=of) if of.kind is not Kind.MONTHS:
                return target.fact(name, of)
            case Choose(condition=condition, then=then, otherwise=otherwise):
                read = self.truth if node.type.kind is Kind.BOOL else self.plain
                first, second = read(then), read(otherwise)
                agreed = target.compare("==", first, second)
                unknown = target.literal(None, node.type)
                return self._chosen(self.truth(condition), first, second, target.either(agreed, first, unknown))
            case Extreme(operator=name, parts=parts):
                sign = "<=" if name == "min" else ">="
                columns = [self.plain(part) for part in parts]
                return reduce(lambda a, b: target.either(target.compare(sign, a, b), a, b), columns)
            case Call(function="years_after" | "months_after" as name, arguments=(day, Const(value=int(count)))):
                return target.months_after(self.plain(day), count * (12 if name == "years_after" else 1))
        raise ColumnError(f"no column for {node}")

    def amount(self, node: Node) -> E:
        """A column of money in fen, in 64 bits, the part of a fen cut off (as in the single check)."""
        whole, size = self._cut(self.number(node))
        if size > NARROW:
            raise ColumnError("an amount may not fit 64 bits")
        return self.target.narrowed(whole)

    def number(self, node: Node) -> Number[E]:  # noqa: PLR0911
        """A column of whole numbers or fractions."""
        match node:
            case Const(value=int() | Fraction() | None as value):
                return self._literal(value)
            case FactRef(name=name, type=of) if of.kind in BOUNDS:
                return Number(self.target.fact(name, of), None, *BOUNDS[of.kind])
            case Arithmetic(operator="*", left=left, right=right):
                return self._product(self.number(left), self.number(right))
            case Arithmetic(operator=sign, left=left, right=right):
                return self._sum(sign, self.number(left), self.number(right))
            case Extreme(operator=name, parts=parts):
                order = "<=" if name == "min" else ">="
                return reduce(partial(self._extreme, order), map(self.number, parts))
            case Choose(condition=condition, then=then, otherwise=otherwise):
                return self._choice(self.truth(condition), self.number(then), self.number(otherwise))
            case Call():
                return self._call(node)
        raise ColumnError(f"no number for {node}")

    def _literal(self, value: int | Fraction | None) -> Number[E]:
        known = Fraction(value or 0)
        numerator = None if value is None else known.numerator
        kind = Type(Kind.COUNT)
        denominator = None if known.denominator == 1 else self.target.literal(known.denominator, kind)
        size = known.numerator
        return Number(self.target.literal(numerator, kind), denominator, size, size, known.denominator)

    def _fitting(self, size: int, *values: E) -> list[E]:
        """The operands of an operation whose result may be as large as `size`, widened if that asks for it."""
        if size > WIDE:
            raise ColumnError("a number may not fit 127 bits")
        return [self.target.widened(value) for value in values] if size > NARROW else list(values)

    def _times(self, left: E, right: E, size: int) -> E:
        return self.target.arithmetic("*", *self._fitting(size, left, right))

    def _denominators(self, left: Number[E], right: Number[E]) -> E | None:
        if left.denominator is None or right.denominator is None:
            return left.denominator if right.denominator is None else right.denominator
        return self._times(left.denominator, right.denominator, left.most * right.most)

    def _product(self, left: Number[E], right: Number[E]) -> Number[E]:
        """Nothing times an unknown is nothing."""
        target = self.target
        corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
        size = max(map(abs, corners))
        product = self._times(left.numerator, right.numerator, size)
        denominator = self._denominators(left, right)
        zero = target.literal(0, Type(Kind.COUNT))
        zeros = [target.compare("==", side.numerator, zero) for side in (left, right) if side.low <= 0 <= side.high]
        if zeros:
            nothing, product = self._fitting(size, zero, product)
            is_nothing = target.holds(target.some(zeros))
            product = target.where(is_nothing, nothing, product)
            if denominator is not None:
                one = target.literal(1, Type(Kind.COUNT))
                denominator = target.where(is_nothing, *self._fitting(left.most * right.most, one, denominator))
        return Number(product, denominator, min(corners), max(corners), left.most * right.most)

    def _crossed(self, left: Number[E], right: Number[E]) -> tuple[E, E, int, int]:
        """Both numerators over the common denominator, and their sizes."""
        sizes = left.size * right.most, right.size * left.most
        first = left.numerator
        if right.denominator is not None:
            first = self._times(first, right.denominator, sizes[0])
        second = right.numerator
        if left.denominator is not None:
            second = self._times(second, left.denominator, sizes[1])
        return first, second, *sizes

    def _sum(self, sign: str, left: Number[E], right: Number[E]) -> Number[E]:
        first, second, *_ = self._crossed(left, right)
        lows = left.low * right.most, right.low * left.most
        highs = left.high * right.most, right.high * left.most
        low = min(left.low, lows[0]) + (min(right.low, lows[1]) if sign == "+" else -max(right.high, highs[1]))
        high = max(left.high, highs[0]) + (max(right.high, highs[1]) if sign == "+" else -min(right.low, lows[1]))
        total = self.target.arithmetic(sign, *self._fitting(max(abs(low), abs(high)), first, second))
        return Number(total, self._denominators(left, right), low, high, left.most * right.most)

    def _compared(self, sign: str, left: Number[E], right: Number[E]) -> E:
        first, second, *sizes = self._crossed(left, right)
        return self.target.compare(sign, *self._fitting(max(sizes), first, second))

    def _extreme(self, order: str, left: Number[E], right: Number[E]) -> Number[E]:
        is_left = self._compared(order, left, right)
        found = self._joined(left, right, lambda a, b: self.target.either(is_left, a, b))
        if left.denominator is None and right.denominator is None:
            choose = min if order == "<=" else max
            return replace(found, low=choose(left.low, right.low), high=choose(left.high, right.high))
        return found

    def _choice(self, condition: E, then: Number[E], otherwise: Number[E]) -> Number[E]:
        """With the condition unknown, settled only if both branches agree."""
        agreed = self._compared("==", then, otherwise)
        unknown = self.target.literal(None, Type(Kind.COUNT))

        def join(first: E, second: E) -> E:
            return self._chosen(condition, first, second, self.target.either(agreed, first, unknown))

        return self._joined(then, otherwise, join)

    def _chosen(self, condition: E, then: E, otherwise: E, agreed: E) -> E:
        target = self.target
        settled = target.where(target.fails(condition), otherwise, agreed)
        return target.where(target.holds(condition), then, settled)

    def _joined(self, left: Number[E], right: Number[E], join: Callable[[E, E], E]) -> Number[E]:
        low, high = min(left.low, right.low), max(left.high, right.high)
        numerator = join(*self._fitting(max(left.size, right.size), left.numerator, right.numerator))
        denominator = None
        most = max(left.most, right.most)
        if left.denominator is not None or right.denominator is not None:
            one = self.target.literal(1, Type(Kind.COUNT))
            first = one if left.denominator is None else left.denominator
            second = one if right.denominator is None else right.denominator
            denominator = join(*self._fitting(most, first, second))
        return Number(numerator, denominator, low, high, most)

    def _cut(self, number: Number[E]) -> tuple[E, int]:
        """The whole part, towards nought."""
        if number.denominator is None:
            return number.numerator, number.size
        if number.low < 0:
            raise ColumnError("a fraction that may be negative is not rounded")
        operands = self._fitting(max(number.size, number.most), number.numerator, number.denominator)
        return self.target.quotient(*operands), number.size

    def _call(self, node: Call) -> Number[E]:
        match node.function, node.arguments:
            case "pro_rata", (amount, part, whole):
                return self._pro_rata(self.number(amount), self.number(part), self.number(whole))
            case "round_up", (ratio,):
                return self._round_up(self.number(ratio))
            case "complete_months", (start, end):
                return self._complete_months(self.plain(start), self.plain(end))
            case "share_of_months", _:
                return self._share_of_months(node)
        raise ColumnError(f"no column for {node.function}")

    def _pro_rata(self, amount: Number[E], part: Number[E], whole: Number[E]) -> Number[E]:
        """Unknown as soon as one is unknown, unlike a product; nothing when the whole is none."""
        target = self.target
        if whole.denominator is not None or part.denominator is not None or amount.denominator is not None:
            raise ColumnError("pro_rata takes whole numbers")
        corners = [a * b for a in (amount.low, amount.high) for b in (part.low, part.high)]
        size = max(map(abs, corners))
        product = self._times(amount.numerator, part.numerator, size)
        zero, one = (target.literal(value, Type(Kind.COUNT)) for value in (0, 1))
        is_some = target.compare(">", whole.numerator, zero)
        known = target.either(is_some, product, target.arithmetic("*", product, *self._fitting(size, zero)))
        denominator = target.either(is_some, whole.numerator, one)
        return Number(known, denominator, min(0, *corners), max(0, *corners), max(1, whole.high))

    def _round_up(self, ratio: Number[E]) -> Number[E]:
        if ratio.denominator is None:
            return ratio
        one = self.target.literal(1, Type(Kind.COUNT))
        size = ratio.size + ratio.most
        numerator, denominator, least = self._fitting(size, ratio.numerator, ratio.denominator, one)
        raised = self.target.arithmetic("-", self.target.arithmetic("+", numerator, denominator), least)
        whole, _ = self._cut(Number(raised, denominator, ratio.low, ratio.high + ratio.most, ratio.most))
        return Number(whole, None, ratio.low, ratio.high + ratio.most)

    def _complete_months(self, start: E, end: E) -> Number[E]:
        """Months by the calendar, less one while the day of the month (or the month's end) is not reached."""
        target = self.target

        def number(value: int) -> E:
            return target.literal(value, Type(Kind.COUNT))

        def index(day: E) -> E:
            return target.arithmetic("+", target.arithmetic("*", target.year(day), number(12)), target.month(day))

        is_short = target.every(
            [
                target.compare(">", target.day(start), target.day(end)),
                target.negation(target.is_month_end(end)),
            ]
        )
        months = target.arithmetic("-", index(end), index(start))
        short = target.either(is_short, target.arithmetic("-", months, number(1)), months)
        return Number(short, None, -_MONTHS, _MONTHS)

    def _share_of_months(self, call: Call) -> Number[E]:
        costs, entered, *literals = call.arguments
        months, share, ceiling = (part.value if isinstance(part, Const) else None for part in literals)
        if months is None or share is None or ceiling is None:
            return self._literal(None)
        if not (isinstance(costs, FactRef) and isinstance(months, int) and isinstance(ceiling, int)):
            raise ColumnError("share_of_months takes a fact, whole months and whole fen")
        if not isinstance(share, int | Fraction):
            raise ColumnError("share_of_months takes a ratio")
        column = self.target.share_of_months(costs.name, self.plain(entered), months, Fraction(share), ceiling)
        return Number(column, None, 0, -(-months // 12) * ceiling)

    def _comparison(self, node: Compare) -> E:
        if node.left.type.kind in _NUMERIC:
            return self._compared(node.operator, self.number(node.left), self.number(node.right))
        return self.target.compare(node.operator, self.plain(node.left), self.plain(node.right))
