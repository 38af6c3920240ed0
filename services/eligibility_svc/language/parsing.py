"""From text to the typed tree: Python's own parser, a whitelist, and the types of the vocabulary."""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

from eligibility_svc.language.functions import FUNCTIONS
from eligibility_svc.language.nodes import (
    BOOL,
    COUNT,
    MONEY,
    NUMBER,
    Arithmetic,
    AsOf,
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
    ParamRef,
    Some,
    Type,
    is_dated,
    walk,
)

MAX_LENGTH = 500
MAX_LITERAL = 1_000_000

_OPERATORS: dict[type[ast.cmpop], Literal["<", "<=", ">", ">=", "==", "!="]] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_ARITHMETIC: dict[type[ast.operator], Literal["+", "-", "*"]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_ORDERED = {Kind.COUNT, Kind.NUMBER, Kind.MONEY, Kind.DATE}
_PRODUCTS = {
    (Kind.COUNT, Kind.COUNT): COUNT,
    (Kind.COUNT, Kind.NUMBER): NUMBER,
    (Kind.NUMBER, Kind.NUMBER): NUMBER,
    (Kind.COUNT, Kind.MONEY): MONEY,
    (Kind.NUMBER, Kind.MONEY): MONEY,
}
_PARAMETER = re.compile(r"\$(?=[a-z])")
_RESERVED = re.compile(r"(?<![A-Za-z0-9$])_")


class ExpressionError(Exception):
    """A rule that is not in the language; line from 1 and column from 0 in its text."""

    def __init__(self, message: str, line: int = 1, column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that a rule may use.

    Attributes:
        facts: type of each fact of the subject.
        gates: a fact's gate; while it is false the fact does not apply, and what is said of it is false.
        parameters: type of each parameter, without the `$`.
    """

    facts: Mapping[str, Type]
    gates: Mapping[str, Node] = field(default_factory=dict)
    parameters: Mapping[str, Type] = field(default_factory=dict)


def parse(source: str, scope: Scope, expected: Type | None = None) -> Node:
    """Reads a rule.

    Args:
        source: the text, at most 500 characters.
        scope: the names in it.
        expected: the type that it must have; a whole number is also a ratio.

    Raises:
        ExpressionError: anything outside the language, an unknown name, or a type that does not fit.
    """
    if len(source) > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH} characters")
    if found := _RESERVED.search(source):
        raise ExpressionError("a name may not begin with an underscore", 1, found.start())
    # `$name` becomes `_name`, of the same length, so that columns stay those of the text.
    text = _PARAMETER.sub("_", source)
    try:
        # The brackets let a rule run over several lines; they shift the first line by one.
        body = ast.parse(f"({text}\n)", mode="eval").body
    except SyntaxError as error:
        raise _malformed(source, error) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError("not a well-formed expression") from None
    node = _Parser(scope).read(body)
    if expected is not None and not _fits(node.type, expected):
        raise ExpressionError(f"this is {node.type.kind.name}, expected {expected.kind.name}")
    return node


def _malformed(source: str, error: SyntaxError) -> ExpressionError:
    lines = source.splitlines() or [""]
    line, column = error.lineno or 1, max((error.offset or 1) - 1, 0)
    if line > len(lines):  # the bracket after the text is what surprised the parser
        line, column = len(lines), len(lines[-1])
    elif line == 1:
        column -= 1
    return ExpressionError("not a well-formed expression", line, max(column, 0))


class _Parser:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def read(self, tree: ast.expr) -> Node:
        match tree:
            case ast.BoolOp() | ast.UnaryOp() | ast.Compare():
                return self.logic(tree)
            case ast.BinOp():
                return self.arithmetic(tree)
            case ast.IfExp():
                return self.choice(tree)
            case ast.Call():
                return self.call(tree)
            case ast.Name():
                return self.name(tree)
            case ast.Constant():
                return self.number(tree)
        raise _fault(tree, f"{type(tree).__name__} is not part of the language")

    def logic(self, tree: ast.BoolOp | ast.UnaryOp | ast.Compare) -> Node:
        if isinstance(tree, ast.Compare):
            return self.comparison(tree)
        if isinstance(tree, ast.BoolOp):
            parts = tuple(self.truth(value) for value in tree.values)
            return Every(parts) if isinstance(tree.op, ast.And) else Some(parts)
        if not isinstance(tree.op, ast.Not):
            raise _fault(tree, f"{type(tree.op).__name__} is not part of the language")
        return Negation(self.truth(tree.operand))

    def number(self, tree: ast.Constant) -> Node:
        if type(tree.value) is not int or tree.value > MAX_LITERAL:
            raise _fault(tree, "only whole numbers up to a million are literals; amounts and dates are parameters")
        return Const(tree.value, COUNT)

    def truth(self, tree: ast.expr) -> Node:
        node = self.read(tree)
        if node.type != BOOL:
            raise _fault(tree, f"this is {node.type.kind.name}, expected BOOL")
        return node

    def name(self, tree: ast.Name) -> Node:
        if tree.id in {"true", "false"}:
            return Const(tree.id == "true", BOOL)
        if tree.id == "as_of":
            return AsOf()
        return self.parameter(tree) if tree.id.startswith("_") else self.fact(tree)

    def parameter(self, tree: ast.Name) -> Node:
        name = tree.id[1:]
        known = self.scope.parameters.get(name)
        if known is None:
            raise _unknown(tree, "parameter", name, self.scope.parameters)
        return ParamRef(name, known)

    def fact(self, tree: ast.Name) -> Node:
        known = self.scope.facts.get(tree.id)
        if known is None:
            raise _unknown(tree, "fact", tree.id, self.scope.facts)
        fact = FactRef(tree.id, known)
        return self.gated(fact) if known == BOOL else fact

    def gated(self, node: Node) -> Node:
        """What is said of a fact holds only while its gate does (eligibility design, Semantics)."""
        names = dict.fromkeys(part.name for part in walk(node) if isinstance(part, FactRef))
        gates = tuple(dict.fromkeys(self.scope.gates[name] for name in names if name in self.scope.gates))
        return Every((*gates, node)) if gates else node

    def comparison(self, tree: ast.Compare) -> Node:
        operands = [tree.left, *tree.comparators]
        links = [
            self.gated(self.link(operator, left, right))
            for operator, left, right in zip(tree.ops, operands[:-1], operands[1:], strict=True)
        ]
        return links[0] if len(links) == 1 else Every(tuple(links))

    def link(self, operator: ast.cmpop, left: ast.expr, right: ast.expr) -> Node:
        if isinstance(operator, ast.In | ast.NotIn):
            member = self.member(left, right)
            return Negation(member) if isinstance(operator, ast.NotIn) else member
        sign = _OPERATORS.get(type(operator))
        if sign is None:
            raise _fault(left, f"{type(operator).__name__} is not part of the language")
        if _is_choice(left):
            second = self.read(right)
            first: Node = self.literal(left, second.type)
        elif _is_choice(right):
            first = self.read(left)
            second = self.literal(right, first.type)
        else:
            first, second = self.read(left), self.read(right)
        return self.compare(sign, first, second, left)

    def literal(self, tree: ast.expr, of: Type) -> Const:
        if not isinstance(tree, ast.Name) or of.kind is not Kind.CHOICE:
            raise _fault(tree, "a choice stands beside a fact that has choices")
        if tree.id not in of.choices:
            raise _unknown(tree, "choice", tree.id, of.choices)
        return Const(tree.id, of)

    def member(self, item: ast.expr, listed: ast.expr) -> Node:
        node = self.read(item)
        if not isinstance(listed, ast.Tuple | ast.List) or not listed.elts:
            raise _fault(listed, "`in` needs a list of choices in brackets")
        values = [str(self.literal(element, node.type).value) for element in listed.elts]
        if len(set(values)) != len(values):
            raise _fault(listed, "a choice is listed twice")
        if set(values) == set(node.type.choices):
            raise _fault(listed, "every choice is listed: this can never be false")
        return Member(node, frozenset(values))

    def compare(self, sign: Literal["<", "<=", ">", ">=", "==", "!="], left: Node, right: Node, tree: ast.expr) -> Node:
        kinds = {left.type.kind, right.type.kind}
        numeric = kinds <= {Kind.COUNT, Kind.NUMBER}
        if not numeric and left.type != right.type:
            raise _fault(tree, f"{left.type.kind.name} is compared with {right.type.kind.name}")
        if not numeric and not kinds <= _ORDERED and sign not in {"==", "!="}:
            raise _fault(tree, f"{left.type.kind.name} has no order")
        if kinds & {Kind.BOOL, Kind.MONTHS}:
            raise _fault(tree, f"{left.type.kind.name} is not compared; use it alone or with `not`")
        if any(is_dated(side) and not _is_solvable(side) for side in (left, right)):
            raise _fault(tree, "as_of stands alone beside a comparison, or as complete_months(day, as_of)")
        if is_dated(left) and is_dated(right):
            raise _fault(tree, "as_of may stand on one side only")
        return Compare(sign, left, right)

    def arithmetic(self, tree: ast.BinOp) -> Node:
        sign = _ARITHMETIC.get(type(tree.op))
        if sign is None:
            raise _fault(tree, f"{type(tree.op).__name__} is not part of the language")
        left, right = self.read(tree.left), self.read(tree.right)
        kinds = (left.type.kind, right.type.kind)
        if sign == "*":
            result = _PRODUCTS.get(kinds) or _PRODUCTS.get((kinds[1], kinds[0]))
        else:
            result = _wider(left.type, right.type) if Kind.DATE not in kinds else None
        if result is None or not {result.kind, *kinds} <= {Kind.COUNT, Kind.NUMBER, Kind.MONEY}:
            raise _fault(tree, f"{kinds[0].name} {sign} {kinds[1].name} has no meaning")
        return Arithmetic(sign, left, right, result)

    def choice(self, tree: ast.IfExp) -> Node:
        condition, then, otherwise = self.truth(tree.test), self.read(tree.body), self.read(tree.orelse)
        if isinstance(then, AsOf) or isinstance(otherwise, AsOf):
            raise _fault(tree, "as_of may not stand in a branch")
        result = _wider(then.type, otherwise.type)
        if result is None:
            raise _fault(tree, f"one branch is {then.type.kind.name}, the other {otherwise.type.kind.name}")
        return Choose(condition, then, otherwise, result)

    def call(self, tree: ast.Call) -> Node:
        if not isinstance(tree.func, ast.Name) or tree.keywords:
            raise _fault(tree, "only the functions of the language are called, by position")
        name = tree.func.id
        if name in {"min", "max"}:
            return self.extreme("min" if name == "min" else "max", tree)
        function = FUNCTIONS.get(name)
        if function is None:
            raise _unknown(tree, "function", name, (*FUNCTIONS, "min", "max"))
        if len(tree.args) != len(function.arguments):
            raise _fault(tree, f"{name} takes {len(function.arguments)} arguments")
        arguments = tuple(self.read(argument) for argument in tree.args)
        for position, (node, wanted) in enumerate(zip(arguments, function.arguments, strict=True)):
            place = tree.args[position]
            if not _fits(node.type, wanted):
                raise _fault(place, f"{name} takes {wanted.kind.name} here, not {node.type.kind.name}")
            if position in function.fixed and not isinstance(node, Const | ParamRef):
                raise _fault(place, f"{name} takes a literal or a parameter here")
            if isinstance(node, AsOf) and not _may_hold_date(name, position):
                raise _fault(place, f"as_of may not stand here in {name}")
        result = Call(name, arguments, function.result)
        return self.gated(result) if function.result == BOOL else result

    def extreme(self, name: Literal["min", "max"], tree: ast.Call) -> Node:
        parts = tuple(self.read(argument) for argument in tree.args)
        result: Type | None = parts[0].type if parts else None
        for part in parts[1:]:
            result = _wider(result, part.type) if result else None
        if len(parts) < 2 or result is None or result.kind not in _ORDERED:
            raise _fault(tree, f"{name} takes two or more values of one ordered kind")
        if any(isinstance(part, AsOf) for part in parts):
            raise _fault(tree, f"as_of may not stand here in {name}")
        return Extreme(name, parts, result)


def _is_choice(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Name) and tree.id[0].isupper()


def _may_hold_date(function: str, position: int) -> bool:
    """Where a turning day can be solved for: `complete_months(x, as_of)` and either side of `in_year_of`."""
    return function == "in_year_of" or (function == "complete_months" and position == 1)


def _is_solvable(side: Node) -> bool:
    """Whether the days on which a comparison with this side turns can be computed (`closures.turning_days`)."""
    if isinstance(side, Call):
        day, end = side.arguments[0], side.arguments[-1]
        return side.function == "complete_months" and isinstance(end, AsOf) and not is_dated(day)
    return isinstance(side, AsOf)


def _fits(actual: Type, wanted: Type) -> bool:
    return actual == wanted or (wanted == NUMBER and actual == COUNT)


def _wider(left: Type, right: Type) -> Type | None:
    """The type that holds both, a ratio being wider than a whole number."""
    if left == right:
        return left
    return NUMBER if {left, right} == {COUNT, NUMBER} else None


def _fault(tree: ast.expr, message: str) -> ExpressionError:
    # The bracket that `parse` puts before the text shifts its first line by one.
    return ExpressionError(message, tree.lineno, tree.col_offset - 1 if tree.lineno == 1 else tree.col_offset)


def _unknown(tree: ast.expr, what: str, name: str, known: Iterable[str]) -> ExpressionError:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return _fault(tree, f"unknown {what} {name}" + (f"; did you mean {near[0]}?" if near else ""))
