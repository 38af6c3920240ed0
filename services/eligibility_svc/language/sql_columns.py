"""Rules as SQL text for PostgreSQL (and what speaks its dialect).

A fact is a column of its name: boolean, bigint for counts and fen, date, text for a choice; monthly amounts are two
arrays of bigint, `NAME_months` (year × 12 + month) and `NAME_amounts` (fen). SQL's own truth is Kleene's; `least` and
`greatest` skip nulls and CASE takes null for false, so neither is used where something may be unknown.
"""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from eligibility_svc.language.columns import Target
from eligibility_svc.language.nodes import Kind, Type

_TYPES = {Kind.BOOL: "boolean", Kind.DATE: "date", Kind.CHOICE: "text"}


class SqlTarget(Target[str]):
    """Expressions over a relation of facts. Everything in them comes from the catalogue, nothing from a client."""

    def fact(self, name: str, of: Type) -> str:
        return f'"{name}_months"' if of.kind is Kind.MONTHS else f'"{name}"'

    def literal(self, value: bool | int | str | date | None, of: Type) -> str:
        kind = _TYPES.get(of.kind, "bigint")
        match value:
            case None:
                return f"CAST(NULL AS {kind})"
            case bool():
                return "true" if value else "false"
            case int():
                return f"CAST({value} AS bigint)"
            case date():
                return f"DATE '{value.isoformat()}'"
            case _:
                return f"'{value}'"

    def every(self, parts: Sequence[str]) -> str:
        return f"({' AND '.join(parts)})"

    def some(self, parts: Sequence[str]) -> str:
        return f"({' OR '.join(parts)})"

    def negation(self, operand: str) -> str:
        return f"(NOT {operand})"

    def compare(self, operator: str, left: str, right: str) -> str:
        sign = {"==": "=", "!=": "<>"}.get(operator, operator)
        return f"({left} {sign} {right})"

    def member(self, item: str, choices: Sequence[str]) -> str:
        return f"({item} IN ({', '.join(map(repr, choices))}))"

    def arithmetic(self, operator: str, left: str, right: str) -> str:
        return f"({left} {operator} {right})"

    def widened(self, value: str) -> str:
        return f"CAST({value} AS numeric)"

    def narrowed(self, value: str) -> str:
        return f"CAST({value} AS bigint)"

    def quotient(self, left: str, right: str) -> str:
        # Of numerics `/` would not be whole, of what remains after the remainder it is.
        return f"(({left} - MOD({left}, {right})) / {right})"

    def either(self, condition: str, then: str, otherwise: str) -> str:
        return f"(CASE WHEN {condition} THEN {then} WHEN NOT {condition} THEN {otherwise} END)"

    def where(self, certain: str, then: str, otherwise: str) -> str:
        return f"(CASE WHEN {certain} THEN {then} ELSE {otherwise} END)"

    def holds(self, truth: str) -> str:
        return f"({truth} IS TRUE)"

    def fails(self, truth: str) -> str:
        return f"({truth} IS FALSE)"

    def is_unknown(self, value: str) -> str:
        return f"({value} IS NULL)"

    def months_after(self, day: str, months: int) -> str:
        return f"CAST({day} + INTERVAL '{months} months' AS date)"

    def year(self, day: str) -> str:
        return f"CAST(EXTRACT(YEAR FROM {day}) AS bigint)"

    def month(self, day: str) -> str:
        return f"CAST(EXTRACT(MONTH FROM {day}) AS bigint)"

    def day(self, day: str) -> str:
        return f"CAST(EXTRACT(DAY FROM {day}) AS bigint)"

    def is_month_end(self, day: str) -> str:
        return f"(EXTRACT(DAY FROM {day} + 1) = 1)"

    def share_of_months(self, fact: str, entered_on: str, months: int, share: Fraction, ceiling: int) -> str:
        position = f"(cost.month - ({self.year(entered_on)} * 12 + {self.month(entered_on)}))"
        part = self.quotient(f"(cost.amount * {share.numerator})", str(share.denominator))
        paid = f"CASE WHEN SUM({part}) > {ceiling} THEN {ceiling} ELSE CAST(SUM({part}) AS bigint) END"
        costs = f"(SELECT UNNEST({fact}_months) AS month, UNNEST({fact}_amounts) AS amount) AS cost"
        within = f"{position} >= 0 AND {position} < {months}"
        # Every name comes from the catalogue.
        years = f"SELECT {paid} AS paid FROM {costs} WHERE {within} GROUP BY {self.quotient(position, '12')}"  # noqa: S608
        total = f"(SELECT CAST(COALESCE(SUM(year.paid), 0) AS bigint) FROM ({years}) AS year)"  # noqa: S608
        known = f"{fact}_months IS NOT NULL AND {fact}_amounts IS NOT NULL AND {entered_on} IS NOT NULL"
        return f"(CASE WHEN {known} THEN {total} END)"

    def at_least(self, count: int, truths: Sequence[str]) -> str:
        holding = " + ".join(f"CAST({self.holds(truth)} AS integer)" for truth in truths)
        possible = " + ".join(f"CAST({truth} IS NOT FALSE AS integer)" for truth in truths)
        return f"(CASE WHEN {holding} >= {count} THEN true WHEN {possible} < {count} THEN false END)"

    def count(self, certain: Sequence[str]) -> str:
        return f"({' + '.join(f'CAST({each} AS integer)' for each in certain) or '0'})"

    def outcome(self, verdict: str) -> str:
        return f"(CASE WHEN {verdict} THEN 2 WHEN NOT {verdict} THEN 0 ELSE 1 END)"

    def mask(self, flags: Sequence[str]) -> str:
        """A bigint; the 64th bit is its sign."""
        bits = [f"CASE WHEN {flag} THEN {_bit(position)} ELSE 0 END" for position, flag in enumerate(flags)]
        return f"CAST({' + '.join(bits)} AS bigint)"


def _bit(position: int) -> str:
    return f"CAST('{1 << position if position < 63 else -(1 << 63)}' AS bigint)"
