"""Submitted facts: absent and null are unknown, `false` and `0` are answers, everything wrong is said in Chinese."""

from datetime import date
from typing import Any

import pytest

from eligibility_svc.facts.reading import read_facts
from eligibility_svc.facts.repository import vocabulary
from kit.dates import Month
from kit.errors import FieldError, ValidationFailedError

SECRET = "410199199001010011"


def read(subject: str, **submitted: Any) -> dict[str, Any]:
    return read_facts(vocabulary(), subject, submitted)


def errors(subject: str, submitted: dict[str, Any]) -> list[FieldError]:
    with pytest.raises(ValidationFailedError) as caught:
        read_facts(vocabulary(), subject, submitted)
    return list(caught.value.errors)


def test_values_are_read_by_their_type() -> None:
    assert read(
        "EMPLOYER",
        is_new_hire=True,
        contract_months=12,
        insurance_paid="14400.00",
        incubator_entered_on="2018-01-15",
        enterprise_scale="SMALL",
        monthly_running_costs=[{"month": "2018-02", "amount": "1.5"}, {"month": "2018-01", "amount": "0"}],
    ) == {
        "is_new_hire": True,
        "contract_months": 12,
        "insurance_paid": 1440000,
        "incubator_entered_on": date(2018, 1, 15),
        "enterprise_scale": "SMALL",
        "monthly_running_costs": ((Month(2018, 1), 0), (Month(2018, 2), 150)),
    }
    assert read("PERSON", hukou_unit="ZZ15") == {"hukou_unit": "ZZ15"}


def test_null_is_unknown_and_false_and_zero_are_answers() -> None:
    assert read("PERSON", is_first_business=None, is_enrolled=False, training_days=0) == {
        "is_enrolled": False,
        "training_days": 0,
    }


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("is_new_hire", 1, "TYPE"),
        ("is_new_hire", "true", "TYPE"),
        ("contract_months", True, "TYPE"),
        ("contract_months", 12.0, "TYPE"),
        ("contract_months", "12", "TYPE"),
        ("contract_months", -1, "RANGE"),
        ("contract_months", 10**400, "RANGE"),
        ("insurance_paid", 14400, "TYPE"),
        ("insurance_paid", 14400.5, "TYPE"),
        ("insurance_paid", "14,400.00", "MONEY"),
        ("insurance_paid", "1e3", "MONEY"),
        ("insurance_paid", "1.005", "MONEY"),
        ("insurance_paid", "-1.00", "RANGE"),
        ("insurance_paid", "NaN", "MONEY"),
        ("insurance_paid", "１２.00", "MONEY"),
        ("insurance_paid", "12.00\n", "MONEY"),
        ("incubator_entered_on", 20180115, "TYPE"),
        ("incubator_entered_on", "2018-02-30", "DATE"),
        ("incubator_entered_on", "2018-1-5", "DATE"),
        ("incubator_entered_on", "٢٠١٨-٠١-٠١", "DATE"),
        ("incubator_entered_on", "0001-01-01", "RANGE"),
        ("incubator_entered_on", "9999-12-31", "RANGE"),
        ("enterprise_scale", "small", "CHOICE"),
        ("enterprise_scale", 1, "TYPE"),
        ("enterprise_scale", ["SMALL"], "TYPE"),
        ("monthly_running_costs", {"2018-01": "5000.00"}, "TYPE"),
    ],
)
def test_a_wrong_value_is_refused_at_its_pointer(name: str, value: Any, code: str) -> None:
    (error,) = errors("EMPLOYER", {name: value})
    assert (error.pointer, error.code) == (f"/facts/{name}", code)
    assert "请" in error.message or "应" in error.message


@pytest.mark.parametrize(
    ("value", "pointer", "code"),
    [
        ([{"month": "2018-13", "amount": "1.00"}], "/0/month", "MONTH"),
        ([{"month": 201801, "amount": "1.00"}], "/0/month", "MONTH"),
        ([{"month": "2018-01", "amount": 1}], "/0/amount", "TYPE"),
        ([{"month": "2018-01", "amount": "-1.00"}], "/0/amount", "RANGE"),
        ([{"month": "2018-01", "amount": "1.00"}] * 2, "/1/month", "DUPLICATE"),
        ([{"month": "2018-01"}], "/0", "TYPE"),
        ([{"month": "2018-01", "amount": "1.00", "note": SECRET}], "/0", "TYPE"),
        (["2018-01"], "/0", "TYPE"),
        ([{"month": "1800-01", "amount": "1.00"}], "/0/month", "RANGE"),
        ([{"month": "2018-01", "amount": "1.00"}] * 121, "", "TOO_MANY"),
    ],
)
def test_a_wrong_month_is_refused_at_its_pointer(value: Any, pointer: str, code: str) -> None:
    (error,) = errors("EMPLOYER", {"monthly_running_costs": value})
    assert (error.pointer, error.code) == (f"/facts/monthly_running_costs{pointer}", code)


def test_an_unknown_name_gets_the_nearest_known_one() -> None:
    (error,) = errors("PERSON", {"graduated_at": "2013-09-01"})
    assert (error.pointer, error.code) == ("/facts/graduated_at", "UNKNOWN_FACT")
    assert "graduated_on" in error.message
    assert "毕业日期" in error.message


def test_a_fact_of_another_subject_is_named_as_such() -> None:
    (error,) = errors("PERSON", {"fair_employers": 100})
    assert error.code == "FACT_OF_ANOTHER_SUBJECT"
    assert "高等院校" in error.message


def test_all_faults_are_reported_at_once() -> None:
    found = errors("PERSON", {"is_enrolled": 1, "graduated_on": "x", "nonsense": 1, "is_disabled": True})
    assert [error.pointer for error in found] == ["/facts/is_enrolled", "/facts/graduated_on", "/facts/nonsense"]


def test_what_was_sent_is_never_repeated() -> None:
    submitted = {
        SECRET: True,
        "is_enrolled": SECRET,
        "training_days": SECRET,
        "graduated_on": SECRET,
        "school_kind": SECRET,
        f"is_{SECRET}": 1,
        "x" * 300: 1,
    }
    told = repr(errors("PERSON", submitted))
    assert SECRET not in told
    assert "x" * 65 not in told


def test_the_choices_are_offered_with_their_labels() -> None:
    (error,) = errors("PERSON", {"hukou_kind": "TOWN"})
    assert "RURAL（农村）" in error.message
