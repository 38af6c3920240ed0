"""What the language accepts, what it refuses, and where it says the fault is."""

import pytest

from eligibility_svc.language.nodes import BOOL, COUNT, DATE, MONEY, MONTHS, NUMBER, Kind, Type, facts_of, parameters_of
from eligibility_svc.language.parsing import ExpressionError, Scope, parse

COLOUR = Type(Kind.CHOICE, ("RED", "GREEN", "BLUE"))
SIZE = Type(Kind.CHOICE, ("SMALL", "LARGE"))
FACTS = {
    "is_new": BOOL,
    "is_old": BOOL,
    "months": COUNT,
    "paid": MONEY,
    "opened_on": DATE,
    "closed_on": DATE,
    "colour": COLOUR,
    "size": SIZE,
    "costs": MONTHS,
}
PARAMETERS = {"least": COUNT, "share": NUMBER, "amount": MONEY, "from_day": DATE}
SCOPE = Scope(FACTS, {}, PARAMETERS)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("is_new and not is_old or true", BOOL),
        ("months >= $least", BOOL),
        ("$from_day <= opened_on <= as_of", BOOL),
        ("colour == RED or RED != colour", BOOL),
        ("colour in (RED, GREEN) and size not in (LARGE,)", BOOL),
        ("months_after(opened_on, $least) <= as_of <= years_after(opened_on, 5)", BOOL),
        ("in_year_of(as_of, opened_on)", BOOL),
        ("complete_months(opened_on, as_of) >= 3", BOOL),
        ("$share * months", NUMBER),
        ("$amount * months - $amount", MONEY),
        ("min(months, $least, 12)", COUNT),
        ("$amount if months > 3 else paid", MONEY),
        ("round_up($share * months)", COUNT),
        ("pro_rata(paid, min(months, $least), months)", MONEY),
        ("share_of_months(costs, opened_on, $least, $share, $amount)", MONEY),
        ("(months\n  >= $least)", BOOL),
    ],
)
def test_a_rule_has_the_type_of_its_values(source: str, expected: Type) -> None:
    assert parse(source, SCOPE, expected).type == expected


def test_a_whole_number_serves_as_a_ratio() -> None:
    assert parse("months", SCOPE, NUMBER).type == COUNT


@pytest.mark.parametrize(
    ("source", "column", "message"),
    [
        ("is_new and opened_on > months", 11, "DATE is compared with COUNT"),
        ("paid > 3", 0, "MONEY is compared with COUNT"),
        ("is_nev", 0, "unknown fact is_nev; did you mean is_new?"),
        ("months >= $leest", 10, "unknown parameter leest; did you mean least?"),
        ("colour == GREY", 10, "unknown choice GREY; did you mean GREEN?"),
        ("colour == size", 0, "CHOICE is compared with CHOICE"),
        ("colour > RED", 0, "CHOICE has no order"),
        ("colour in (RED, RED)", 10, "a choice is listed twice"),
        ("colour in (RED, GREEN, BLUE)", 10, "every choice is listed"),
        ("months in (RED,)", 11, "a choice stands beside a fact"),
        ("colour in size", 10, "needs a list of choices"),
        ("is_new == true", 0, "BOOL is not compared"),
        ("months and is_new", 0, "this is COUNT, expected BOOL"),
        ("not months", 4, "this is COUNT, expected BOOL"),
        ("is_new.real", 0, "Attribute is not part of the language"),
        ("(lambda: is_new)()", 0, "only the functions of the language are called"),
        ("[x for x in (1,)]", 0, "ListComp is not part of the language"),
        ("open(months)", 0, "unknown function open"),
        ("__import__('os')", 0, "a name may not begin with an underscore"),
        ("months >= _least", 10, "a name may not begin with an underscore"),
        ("'text' == colour", 0, "only whole numbers"),
        ("months >= 1.5", 10, "only whole numbers"),
        ("months >= 10000000", 10, "only whole numbers up to a million"),
        ("months >= True", 10, "only whole numbers"),
        ("-months >= 3", 0, "USub is not part of the language"),
        ("months / 2 >= 3", 0, "Div is not part of the language"),
        ("opened_on + months >= 3", 0, "DATE + COUNT has no meaning"),
        ("paid * paid > $amount", 0, "MONEY * MONEY has no meaning"),
        ("opened_on * 2", 0, "DATE * COUNT has no meaning"),
        ("is_new + is_old", 0, "BOOL + BOOL has no meaning"),
        ("months is is_new", 0, "Is is not part of the language"),
        ("min(months)", 0, "two or more values"),
        ("min(months, paid)", 0, "two or more values"),
        ("min(is_new, is_old)", 0, "two or more values"),
        ("months if is_new else paid", 0, "one branch is COUNT, the other MONEY"),
        ("years_after(opened_on)", 0, "takes 2 arguments"),
        ("years_after(months, 2)", 12, "takes DATE here, not COUNT"),
        ("months_after(opened_on, months) <= as_of", 24, "takes a literal or a parameter here"),
        ("months_after(as_of, 3) <= opened_on", 13, "as_of may not stand here"),
        ("complete_months(as_of, opened_on) > 3", 16, "as_of may not stand here"),
        ("complete_months(opened_on, as_of) * 2 > 3", 0, "as_of stands alone beside a comparison"),
        ("as_of <= as_of", 0, "as_of may stand on one side only"),
        ("(as_of if is_new else opened_on) <= closed_on", 1, "as_of may not stand in a branch"),
        ("max(as_of, opened_on) <= closed_on", 0, "as_of may not stand here in max"),
        ("years_after(day=opened_on, years=5) > as_of", 0, "by position"),
        ("months >=", 9, "not a well-formed expression"),
        ("is_new; is_old", 6, "not a well-formed expression"),
        ("months := 3", 0, "NamedExpr is not part of the language"),
    ],
)
def test_what_is_outside_the_language_is_refused_at_its_column(source: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(source, SCOPE)
    assert message in caught.value.message
    assert (caught.value.line, caught.value.column) == (1, column)


def test_a_fault_on_a_later_line_names_that_line() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("is_new and\n  monts > 3", SCOPE)
    assert (caught.value.line, caught.value.column) == (2, 2)


def test_the_wrong_type_for_the_place_is_refused() -> None:
    with pytest.raises(ExpressionError, match="this is COUNT, expected BOOL"):
        parse("months", SCOPE, BOOL)


@pytest.mark.parametrize("source", ["(" * 300 + "is_new" + ")" * 300, "is_new and " * 60 + "is_new"])
def test_a_rule_that_is_too_long_or_too_deep_is_refused(source: str) -> None:
    with pytest.raises(ExpressionError):
        parse(source, SCOPE)


def test_facts_and_parameters_are_listed_once_in_reading_order() -> None:
    node = parse("months >= $least and paid < $amount and months < $least", SCOPE)
    assert facts_of(node) == ("months", "paid")
    assert parameters_of(node) == ("least", "amount")
