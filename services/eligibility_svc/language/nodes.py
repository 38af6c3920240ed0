"""The typed tree that every rule becomes: a dozen frozen classes, fit for closures now and for SQL or columns later.

Truth is three-valued (Kleene). `None` stands for *unknown* in every value; the gates of facts are ordinary
`Every` nodes, so whoever compiles the tree needs no rule of its own for them (eligibility design, Semantics).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import Literal

from kit.dates import Month

MonthAmounts = tuple[tuple[Month, int], ...]
"""Amounts in fen by calendar month, each month once."""

Value = bool | int | Fraction | str | date | MonthAmounts
"""A known value. Money is fen, exact (a Fraction until the one rounding at the end)."""


class Kind(Enum):
    """What a value is; values of different kinds are never compared."""

    BOOL = "是或否"
    COUNT = "整数"
    NUMBER = "比例"
    MONEY = "金额"
    DATE = "日期"
    CHOICE = "选项"
    MONTHS = "每月金额"


@dataclass(frozen=True, slots=True)
class Type:
    """A kind and, for CHOICE, the allowed values."""

    kind: Kind
    choices: tuple[str, ...] = ()


BOOL = Type(Kind.BOOL)
COUNT = Type(Kind.COUNT)
NUMBER = Type(Kind.NUMBER)
MONEY = Type(Kind.MONEY)
DATE = Type(Kind.DATE)
MONTHS = Type(Kind.MONTHS)


@dataclass(frozen=True, slots=True)
class Const:
    """A literal: whole number, `true`, `false`, or one of a fact's choices; unknown where a bound amount is open."""

    value: Value | None
    type: Type


@dataclass(frozen=True, slots=True)
class FactRef:
    """A fact of the subject."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class ParamRef:
    """A dated parameter of the measure, `$name`; unknown while its amount is open."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class AsOf:
    """The legal date of the check."""

    type: Type = DATE


@dataclass(frozen=True, slots=True)
class Negation:
    operand: "Node"
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class Every:
    """`and`: one false part settles it."""

    parts: tuple["Node", ...]
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class Some:
    """`or`: one true part settles it."""

    parts: tuple["Node", ...]
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class Compare:
    operator: Literal["<", "<=", ">", ">=", "==", "!="]
    left: "Node"
    right: "Node"
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class Member:
    """`in`: one of the listed choices."""

    item: "Node"
    choices: frozenset[str]
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class Arithmetic:
    operator: Literal["+", "-", "*"]
    left: "Node"
    right: "Node"
    type: Type


@dataclass(frozen=True, slots=True)
class Extreme:
    operator: Literal["min", "max"]
    parts: tuple["Node", ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Choose:
    """`a if condition else b`."""

    condition: "Node"
    then: "Node"
    otherwise: "Node"
    type: Type


@dataclass(frozen=True, slots=True)
class Call:
    """A function of `language.functions`."""

    function: str
    arguments: tuple["Node", ...]
    type: Type


Node = (
    Const
    | FactRef
    | ParamRef
    | AsOf
    | Negation
    | Every
    | Some
    | Compare
    | Member
    | Arithmetic
    | Extreme
    | Choose
    | Call
)


def children(node: Node) -> tuple[Node, ...]:
    """The direct parts of a node, in reading order."""
    match node:
        case Negation(operand=operand):
            return (operand,)
        case Every(parts=parts) | Some(parts=parts) | Extreme(parts=parts) | Call(arguments=parts):
            return parts
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            return (left, right)
        case Member(item=item):
            return (item,)
        case Choose(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, in reading order."""
    yield node
    for part in children(node):
        yield from walk(part)


def facts_of(node: Node) -> tuple[str, ...]:
    """Names of the facts that a rule reads, gates included, each once, in reading order."""
    return tuple(dict.fromkeys(part.name for part in walk(node) if isinstance(part, FactRef)))


def parameters_of(node: Node) -> tuple[str, ...]:
    """Names of the parameters that a rule reads, each once, in reading order."""
    return tuple(dict.fromkeys(part.name for part in walk(node) if isinstance(part, ParamRef)))


def is_dated(node: Node) -> bool:
    """Whether the value can change with the date of the check alone."""
    return any(isinstance(part, AsOf) for part in walk(node))
