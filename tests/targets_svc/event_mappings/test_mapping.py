"""The mapping table: dated rows, and nothing that no row names."""

from datetime import date

from targets_svc.event_mappings.domain import CountRule, indicators_of
from targets_svc.event_mappings.repository import shipped_rules
from targets_svc.indicators.repository import load_indicators

DAY = date(2017, 5, 15)


def test_a_course_counts_for_its_indicator_and_the_part_of_it() -> None:
    rules = shipped_rules()

    def named(kind: str, on: date = DAY, source: str = "training", **attributes: str) -> tuple[str, ...]:
        return indicators_of(rules, source, kind, on, attributes)

    assert named("course.finished", course="STARTUP") == ("I03",)
    assert named("course.finished", course="STARTUP", group="RETURNING_MIGRANT") == ("I03", "I03a")
    assert named("course.finished", course="SKILL", group="RURAL") == ("I05",)
    assert named("course.finished", course="SKILL") == ()
    assert named("loan.disbursed", source="loans", group="GRADUATE") == ("P01",)
    assert named("loan.disbursed", source="training") == (), "only the service where it happens may send it"
    assert named("measure.granted", source="eligibility", measure="startup-grant") == ()
    assert named("course.finished", on=date(2016, 12, 31), course="STARTUP") == ()


def test_a_row_holds_on_its_first_and_on_its_last_day() -> None:
    rule = CountRule("A", frozenset({"x"}), "a.b", "I03", date(2017, 3, 1), date(2017, 3, 31), {}, "测试")
    days = (date(2017, 2, 28), date(2017, 3, 1), date(2017, 3, 31), date(2017, 4, 1))

    assert [rule.names("x", "a.b", day, {}) for day in days] == [False, True, True, False]


def test_every_row_names_an_indicator_of_the_catalogue_and_its_reference() -> None:
    rules = shipped_rules()

    assert {rule.indicator for rule in rules} <= load_indicators().keys()
    assert all(rule.reference for rule in rules)
    assert len({rule.code for rule in rules}) == len(rules)
