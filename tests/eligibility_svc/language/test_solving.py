"""A period solved for its first day says of every day what the period says."""

from datetime import date, timedelta

import pytest

from eligibility_svc.language.nodes import BOOL, COUNT, DATE, Call, Compare, Const, Every, FactRef, Node
from eligibility_svc.language.solving import latest_start, solved
from kit.dates import add_months

DAY = FactRef("day", DATE)
ENDS = [
    date(2018, 9, 1),
    date(2018, 2, 28),
    date(2016, 2, 28),
    date(2016, 2, 29),
    date(2018, 12, 31),
    date(2018, 4, 30),
]
DAYS = [date(2010, 12, 1) + timedelta(days=n) for n in range(3100)]
SIGNS = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@pytest.mark.parametrize("end", ENDS, ids=str)
@pytest.mark.parametrize("months", [0, 1, 3, 12, 60])
def test_the_latest_start_is_the_last_day_whose_period_is_complete(end: date, months: int) -> None:
    complete = [day for day in DAYS if add_months(day, months) <= end]
    assert latest_start(end, months) == complete[-1]


@pytest.mark.parametrize("end", ENDS, ids=str)
@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize(("function", "count"), [("months_after", 3), ("years_after", 5)])
def test_the_solved_condition_holds_on_the_same_days(end: date, sign: str, function: str, count: int) -> None:
    months = count * (12 if function == "years_after" else 1)
    call = Call(function, (DAY, Const(count, COUNT)), DATE)
    found = solved(Compare(sign, call, Const(end, DATE)))  # type: ignore[arg-type]  # a literal of the grammar
    mirrored = solved(Compare({"<": ">", "<=": ">=", ">": "<", ">=": "<="}[sign], Const(end, DATE), call))  # type: ignore[arg-type]
    assert isinstance(found, Compare)
    assert isinstance(found.right, Const)
    assert found == mirrored
    assert found.left is DAY
    for day in DAYS:
        assert SIGNS[found.operator](day, found.right.value) == SIGNS[sign](add_months(day, months), end)


def test_a_year_is_its_first_to_its_last_day() -> None:
    for arguments in ((Const(date(2018, 9, 1), DATE), DAY), (DAY, Const(date(2018, 9, 1), DATE))):
        found = solved(Call("in_year_of", arguments, BOOL))
        assert isinstance(found, Every)
        ends = [part.right.value for part in found.parts if isinstance(part, Compare) and isinstance(part.right, Const)]
        assert ends == [date(2018, 1, 1), date(2018, 12, 31)]


@pytest.mark.parametrize(
    "node",
    [
        Compare("==", Call("months_after", (DAY, Const(3, COUNT)), DATE), Const(date(2018, 9, 1), DATE)),
        Compare("<=", Call("months_after", (DAY, Const(None, COUNT)), DATE), Const(date(2018, 9, 1), DATE)),
        Compare("<=", Call("months_after", (DAY, Const(1_000_000, COUNT)), DATE), Const(date(2018, 9, 1), DATE)),
        Compare("<=", DAY, Const(date(2018, 9, 1), DATE)),
    ],
)
def test_what_is_not_solved_stays(node: Node) -> None:
    assert solved(node) is node
