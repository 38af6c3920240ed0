"""One thing of an edition's file changed at a time: a comparison, a connective, a choice, a figure, a date."""

import ast
import copy
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

_SWAPPED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_RULES = {"when", "formula", "ceiling", "owed", "done"}
Mutant = tuple[str, Any]
"""What was changed, and the edition with the change."""


def mutants(edition: Any) -> Iterator[Mutant]:
    """Every change of the rules, the tree, the figures and the beginning of an edition."""
    for path, change in _changes(edition, ()):
        yield f"{'/'.join(map(str, path))} → {change or 'gone or turned'}", _changed(edition, path, change)
    yield from _figures(edition)
    later = copy.deepcopy(edition)
    later["in_force"]["from"] = str(edition["in_force"]["from"] + timedelta(days=1))
    for parameter in later.get("parameters", {}).values():
        parameter["values"][0]["from"] = "2017-03-10"
    yield "in force a day later", later


def _changes(item: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(item, dict):
        for key, value in item.items():
            if key in {"all", "any"} and len(value) > 1:
                yield (*path, key), None
            if key in _RULES and value is not True:
                yield from (((*path, key), changed) for changed in _expressions(str(value)))
            if key == "when" and value is not True:
                yield (*path, key), f"not ({value})"
            yield from _changes(value, (*path, key))
    elif isinstance(item, list):
        for index, value in enumerate(item):
            if path[-1] in {"all", "any", "tiers"}:
                yield (*path, index), None
            yield from _changes(value, (*path, index))


def _expressions(source: str) -> Iterator[str]:
    tree = ast.parse(source.replace("$", "PARAMETER_").strip(), mode="eval")
    for index, node in enumerate(ast.walk(tree)):
        for change in _node_changes(node):
            changed = copy.deepcopy(tree)
            change(list(ast.walk(changed))[index])
            yield ast.unparse(changed).replace("PARAMETER_", "$")


def _node_changes(node: ast.AST) -> Iterator[Callable[[Any], Any]]:
    if isinstance(node, ast.Compare):
        for position, operator in enumerate(node.ops):
            swapped = _SWAPPED[type(operator)]
            yield lambda other, p=position, s=swapped: other.ops.__setitem__(p, s())
    elif isinstance(node, ast.BoolOp):
        turned = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield lambda other: setattr(other, "op", turned())
    elif isinstance(node, ast.Tuple) and len(node.elts) > 1:
        for position in range(len(node.elts)):
            yield lambda other, p=position: other.elts.pop(p)
    elif isinstance(node, ast.IfExp):
        yield lambda other: other.__dict__.update(body=other.orelse, orelse=other.body)


def _changed(edition: Any, path: tuple[Any, ...], change: Any) -> Any:
    changed = copy.deepcopy(edition)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    last = path[-1]
    if change is not None:
        holder[last] = change
    elif last in {"all", "any"}:
        holder["any" if last == "all" else "all"] = holder.pop(last)
    else:
        holder.pop(last)
    return changed


def _figures(edition: Any) -> Iterator[Mutant]:
    for name, parameter in edition.get("parameters", {}).items():
        value = parameter["values"][0].get("value")
        for step in () if value is None else _steps(parameter["type"], value):
            changed = copy.deepcopy(edition)
            changed["parameters"][name]["values"][0]["value"] = step
            yield f"${name} = {step}", changed


def _steps(kind: str, value: Any) -> list[Any]:
    """One step down, where there is one, and one step up."""
    if kind == "DATE":
        return [str(value - timedelta(days=1)), str(value + timedelta(days=1))]
    if kind == "MONEY":
        fen = round(float(value) * 100)
        return [f"{step // 100}.{step % 100:02d}" for step in (fen - 1, fen + 1) if step >= 0]
    return [step for step in (value - 1, value + 1) if step >= 0]
