"""A rule on a day: parameters and the date become literals, so that equal conditions of two measures are one."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date
from typing import Any

from eligibility_svc.language.nodes import AsOf, Const, Node, ParamRef, Value, children


def bind(node: Node, parameters: Mapping[str, Value], as_of: date) -> Node:
    """The tree with every parameter and the date of the check as a literal; an open amount is an unknown one."""
    if isinstance(node, ParamRef):
        return Const(parameters.get(node.name), node.type)
    if isinstance(node, AsOf):
        return Const(as_of, node.type)
    below = children(node)

    def bound(value: Any) -> Any:
        if isinstance(value, tuple) and below:
            return tuple(map(bound, value))
        return bind(value, parameters, as_of) if any(value is part for part in below) else value

    return replace(node, **{each.name: bound(getattr(node, each.name)) for each in fields(node)})
