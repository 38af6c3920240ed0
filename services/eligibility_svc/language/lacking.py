"""Which unknown facts keep a rule unknown, over columns: `Rule.collect` for a whole register."""

from eligibility_svc.language.columns import Columns, E
from eligibility_svc.language.nodes import (
    BOOL,
    Choose,
    Const,
    FactRef,
    Kind,
    Node,
    children,
)

_NUMERIC = {Kind.COUNT, Kind.NUMBER, Kind.MONEY}


def lacking(columns: Columns[E], node: Node) -> dict[str, list[E]]:
    """Fact → conditions (never unknown) of which one holds where the fact keeps the node unknown."""
    if isinstance(node, FactRef):
        return {node.name: [columns.is_unknown_fact(node)]}
    if isinstance(node, Const):
        return {}
    if isinstance(node, Choose):
        return _of_choice(columns, node)
    return _under(columns, _is_unknown(columns, node), *(lacking(columns, part) for part in children(node)))


def _of_choice(columns: Columns[E], node: Choose) -> dict[str, list[E]]:
    target = columns.target
    condition = columns.truth(node.condition)
    then, otherwise = lacking(columns, node.then), lacking(columns, node.otherwise)
    undecided = target.every([target.is_unknown(condition), _is_unknown(columns, node)])
    found: dict[str, list[E]] = {}
    for part in (
        _under(columns, target.holds(condition), then),
        _under(columns, target.fails(condition), otherwise),
        _under(columns, undecided, lacking(columns, node.condition), then, otherwise),
    ):
        for name, conditions in part.items():
            found.setdefault(name, []).extend(conditions)
    return found


def _under(columns: Columns[E], condition: E, *parts: dict[str, list[E]]) -> dict[str, list[E]]:
    """What is lacking in the parts, where the condition holds."""
    found: dict[str, list[E]] = {}
    for part in parts:
        for name, conditions in part.items():
            found.setdefault(name, []).extend(conditions)
    return {
        name: [columns.target.every([condition, columns.target.some(conditions)])] for name, conditions in found.items()
    }


def _is_unknown(columns: Columns[E], node: Node) -> E:
    target = columns.target
    if node.type == BOOL:
        return target.is_unknown(columns.truth(node))
    if node.type.kind not in _NUMERIC:
        return target.is_unknown(columns.plain(node))
    number = columns.number(node)
    parts = [number.numerator] if number.denominator is None else [number.numerator, number.denominator]
    return target.some([target.is_unknown(part) for part in parts])
