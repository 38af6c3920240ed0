"""Running a rule: each tree becomes nested functions over (facts, parameters, date), with unknown as `None`.

Kleene's three-valued logic: one false part settles `and`, one true part settles `or`, whatever is unknown beside
it; arithmetic and comparisons with an unknown are unknown unless settled anyway (eligibility design, Semantics).
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import floor
from typing import Any

from eligibility_svc.language.functions import FUNCTIONS
from eligibility_svc.language.nodes import (
    Arithmetic,
    AsOf,
    Call,
    Choose,
    Compare,
    Const,
    Every,
    Extreme,
    FactRef,
    Member,
    Negation,
    Node,
    ParamRef,
    Some,
    children,
    facts_of,
    is_dated,
    parameters_of,
    walk,
)
from kit.dates import add_months

# The type checker of the language has proved that operands fit, so the functions below need not look again.
Run = Callable[[Mapping[str, Any], Mapping[str, Any], date], Any]
Collect = Callable[[Mapping[str, Any], Mapping[str, Any], date, set[str]], None]
Turns = Callable[[Mapping[str, Any], Mapping[str, Any], date], set[date]]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
_MAX_MONTHS = 2400


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled expression.

    Attributes:
        source: its text.
        node: its typed tree.
        run: value for (facts, parameters, as_of); None is unknown.
        collect: adds to a set the unknown facts that keep it unknown; nothing when it is settled.
        facts: the facts that it reads, gates included.
        parameters: the parameters that it reads.
        turns: the days on which its value can change by the calendar alone; None when no date matters.
    """

    source: str
    node: Node
    run: Run
    collect: Collect
    facts: tuple[str, ...]
    parameters: tuple[str, ...]
    turns: Turns | None


def compile_run(node: Node) -> Run:
    """What a tree comes to, without anything else of a rule."""
    return _compiled(node).run


def compile_rule(source: str, node: Node) -> Rule:
    """Makes a tree runnable."""
    closures = _compiled(node)
    return Rule(source, node, closures.run, closures.collect, facts_of(node), parameters_of(node), _turns(node))


def conjunction(values: Sequence[bool | None]) -> bool | None:
    """Kleene `and`; true when empty."""
    if False in values:
        return False
    return None if None in values else True


def disjunction(values: Sequence[bool | None]) -> bool | None:
    """Kleene `or`; false when empty."""
    if True in values:
        return True
    return None if None in values else False


def threshold(values: Sequence[bool | None], wanted: int) -> bool | None:
    """At least `wanted` of the values are true."""
    holding = values.count(True)
    if holding >= wanted:
        return True
    return None if holding + values.count(None) >= wanted else False


def _turns(node: Node) -> Turns | None:
    """The days on which a rule's value can change by the calendar alone; complete, may hold more than needed."""
    found: list[Turns] = []
    for part in walk(node):
        if isinstance(part, Compare) and is_dated(part):
            found.append(_turns_of_comparison(part))
        elif isinstance(part, Call) and part.function == "in_year_of" and is_dated(part):
            found.append(_turns_of_year(part))
    if not found:
        return None

    def turns(facts: Mapping[str, Any], parameters: Mapping[str, Any], as_of: date) -> set[date]:
        return set().union(*(part(facts, parameters, as_of) for part in found))

    return turns


def _turns_of_comparison(node: Compare) -> Turns:
    dated, other = (node.left, node.right) if is_dated(node.left) else (node.right, node.left)
    bound_of = _compiled(other).run
    start_of = _compiled(children(dated)[0]).run if isinstance(dated, Call) else None

    def turns(facts: Mapping[str, Any], parameters: Mapping[str, Any], as_of: date) -> set[date]:
        bound = bound_of(facts, parameters, as_of)
        if bound is None:
            return set()
        if start_of is None:
            return {bound, bound + timedelta(days=1)}
        start = start_of(facts, parameters, as_of)
        if start is None or not -_MAX_MONTHS < bound < _MAX_MONTHS:
            return set()
        # `complete_months` turns on these days for a whole bound and for one between two months.
        return {add_months(start, floor(bound)), add_months(start, floor(bound) + 1)}

    return turns


def _turns_of_year(node: Call) -> Turns:
    fixed = next((side for side in node.arguments if not is_dated(side)), None)
    day_of = _compiled(fixed).run if fixed is not None else None

    def turns(facts: Mapping[str, Any], parameters: Mapping[str, Any], as_of: date) -> set[date]:
        day = day_of(facts, parameters, as_of) if day_of is not None else None
        return set() if day is None else {date(day.year, 1, 1), date(day.year + 1, 1, 1)}

    return turns


@dataclass(frozen=True, slots=True)
class _Closures:
    """A node made runnable: its value, and the collector of the unknown facts that keep it unknown."""

    run: Run
    collect: Collect


def _compiled(node: Node) -> _Closures:
    match node:
        case FactRef(name=name):
            return _fact(name)
        case Const() | ParamRef() | AsOf():
            return _Closures(_leaf(node), lambda facts, parameters, as_of, found: None)
        case Choose(condition=condition, then=then, otherwise=otherwise):
            return _choice(_compiled(condition), _compiled(then), _compiled(otherwise))
        case _:
            parts = tuple(map(_compiled, children(node)))
            run = _run_of(node, tuple(part.run for part in parts))
            return _Closures(run, _collector(run, parts))


def _leaf(node: Const | ParamRef | AsOf) -> Run:
    match node:
        case Const(value=value):
            return lambda facts, parameters, as_of: value
        case ParamRef(name=name):
            return lambda facts, parameters, as_of: parameters.get(name)
        case AsOf():
            return lambda facts, parameters, as_of: as_of


def _run_of(node: Node, parts: tuple[Run, ...]) -> Run:
    match node:
        case Every():
            return _settled_by(False, parts)
        case Some():
            return _settled_by(True, parts)
        case Arithmetic(operator="*"):
            return _product(*parts)
        case _:
            return _strict(_function_of(node), parts)


def _function_of(node: Node) -> Callable[..., Any]:
    match node:
        case Negation():
            return operator.not_
        case Compare(operator=sign):
            return _COMPARE[sign]
        case Member(choices=choices):
            return choices.__contains__
        case Extreme(operator=name):
            return min if name == "min" else max
        case Call(function=name):
            return FUNCTIONS[name].run
        case Arithmetic(operator=sign):
            return _ARITHMETIC[sign]
    raise TypeError(type(node).__name__)


def _fact(name: str) -> _Closures:
    def collect(facts: Mapping[str, Any], parameters: Mapping[str, Any], as_of: date, found: set[str]) -> None:
        if facts.get(name) is None:
            found.add(name)

    return _Closures(lambda facts, parameters, as_of: facts.get(name), collect)


def _collector(run: Run, parts: tuple[_Closures, ...]) -> Collect:
    def collect(facts: Mapping[str, Any], parameters: Mapping[str, Any], as_of: date, found: set[str]) -> None:
        if run(facts, parameters, as_of) is None:
            for part in parts:
                part.collect(facts, parameters, as_of, found)

    return collect


def _settled_by(verdict: bool, parts: tuple[Run, ...]) -> Run:
    def run(facts: Mapping[str, Any], parameters: Mapping[str, Any], as_of: date) -> bool | None:
        result: bool | None = not verdict
        for part in parts:
            value: bool | None = part(facts, parameters, as_of)
            if value is verdict:
                return verdict
            if value is None:
                result = None
        return result

    return run


def _strict(function: Callable[..., Any], operands: tuple[Run, ...]) -> Run:
    """Unknown as soon as one operand is."""
    if len(operands) == 2:
        return _strict_pair(function, *operands)

    def run(facts: Mapping[str, Any], parameters: Mapping[str, Any], as_of: date) -> Any:
        values = []
        for operand in operands:
            value = operand(facts, parameters, as_of)
            if value is None:
                return None
            values.append(value)
        return function(*values)

    return run


def _strict_pair(function: Callable[..., Any], left: Run, right: Run) -> Run:
    """`_strict` of two operands, as most comparisons have: no list is made."""

    def run(facts: Mapping[str, Any], parameters: Mapping[str, Any], as_of: date) -> Any:
        first = left(facts, parameters, as_of)
        if first is None:
            return None
        second = right(facts, parameters, as_of)
        return None if second is None else function(first, second)

    return run


def _product(left: Run, right: Run) -> Run:
    """Nothing times an unknown is nothing."""

    def run(facts: Mapping[str, Any], parameters: Mapping[str, Any], as_of: date) -> Any:
        first, second = left(facts, parameters, as_of), right(facts, parameters, as_of)
        if first is None or second is None:
            return 0 if first == 0 or second == 0 else None
        return first * second

    return run


def _choice(condition: _Closures, then: _Closures, otherwise: _Closures) -> _Closures:
    """With the condition unknown, settled only if both branches agree."""

    def run(facts: Mapping[str, Any], parameters: Mapping[str, Any], as_of: date) -> Any:
        chosen = condition.run(facts, parameters, as_of)
        if chosen is not None:
            return (then if chosen else otherwise).run(facts, parameters, as_of)
        value = then.run(facts, parameters, as_of)
        return value if value is not None and value == otherwise.run(facts, parameters, as_of) else None

    def collect(facts: Mapping[str, Any], parameters: Mapping[str, Any], as_of: date, found: set[str]) -> None:
        chosen = condition.run(facts, parameters, as_of)
        if chosen is not None:
            (then if chosen else otherwise).collect(facts, parameters, as_of, found)
        elif run(facts, parameters, as_of) is None:
            for part in (condition, then, otherwise):
                part.collect(facts, parameters, as_of, found)

    return _Closures(run, collect)
