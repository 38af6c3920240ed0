"""Periods solved for their first day: `months_after(day, 3) <= 2018-09-01` is `day <= 2018-06-01`.

A column of days is then compared as it stands, without calendar arithmetic for each row, and an index can serve it.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from eligibility_svc.language.binding import bind
from eligibility_svc.language.closures import Rule, Run, compile_run
from eligibility_svc.language.nodes import Call, Compare, Const, Every, Negation, Node, Some, Value
from kit.dates import Month, add_months

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_LENGTHS = {"months_after": 1, "years_after": 12}


def solved(node: Node) -> Node:
    """The same condition over the day itself; a condition of another form stays as it is.

    Args:
        node: bound to its parameters and date.
    """
    match node:
        case Compare(operator=sign, left=Const(value=date() as day), right=Call() as call):
            return _compared(_MIRRORED[sign], call, day) or node
        case Compare(operator=sign, left=Call() as call, right=Const(value=date() as day)):
            return _compared(sign, call, day) or node
        case Call(function="in_year_of", arguments=(Const(value=date() as day), other)):
            return _of_year(other, day.year)
        case Call(function="in_year_of", arguments=(other, Const(value=date() as day))):
            return _of_year(other, day.year)
    return node


def compile_on(rule: Rule, parameters: Mapping[str, Value], as_of: date) -> Run:
    """A condition on one day: what remains are comparisons of facts with what stands there already."""
    return compile_run(_solved_below(bind(rule.node, parameters, as_of)))


def _solved_below(node: Node) -> Node:
    match node:
        case Every(parts=parts):
            return Every(tuple(map(_solved_below, parts)))
        case Some(parts=parts):
            return Some(tuple(map(_solved_below, parts)))
        case Negation(operand=operand):
            return Negation(_solved_below(operand))
    return solved(node)


def latest_start(end: date, months: int) -> date:
    """The last day whose period of so many months is complete on `end`; month ends are clamped.

    Raises:
        ValueError, OverflowError: before the calendar begins.
    """
    start = add_months(end, -months)
    return Month.of(start).last if end == Month.of(end).last else start


def _compared(sign: str, call: Call, day: date) -> Node | None:
    match call:
        case Call(function=name, arguments=(start, Const(value=int(count)))) if name in _LENGTHS:
            try:
                # `<` and `>=` turn on the day before.
                turn = day if sign in {"<=", ">"} else day - timedelta(days=1)
                last = latest_start(turn, count * _LENGTHS[name])
            except (ValueError, OverflowError):
                return None
            match sign:
                case "<=" | "<":
                    return Compare("<=", start, Const(last, start.type))
                case ">" | ">=":
                    return Compare(">", start, Const(last, start.type))
    return None


def _of_year(day: Node, year: int) -> Node:
    first, last = date(year, 1, 1), date(year, 12, 31)
    return Every((Compare(">=", day, Const(first, day.type)), Compare("<=", day, Const(last, day.type))))
