"""What proves a case, as its source declares it, and the rules over it (targets design §6: N3, N8, N9, N10).

Registered unemployment and certified hardship are kept by other registers; here the source states their dates. Limits
that a text fixes are dated: a case is judged by what held on its day.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any

from kit.dates import add_months, add_years
from kit.errors import FieldError
from kit.identifiers.contact import parse_mobile
from kit.identifiers.errors import IdentifierError
from kit.identifiers.uscc import parse_uscc

RE_EMPLOYED, ASSISTED = "I01a", "I01b"
"""失业人员再就业 and 帮助就业困难人员实现就业, which need a proof of their own."""
FLEXIBLE_MONTHS = 3
"""Flexible work counts after so many months in a row (河南省人社厅 规范和加强城镇新增就业人员实名登记管理)."""
SAME_SOURCE_A_DAY = 200
"""More events of one phone number or one employer on one day look made up (N13)."""

# Monthly minimum wage in fen, first class of Henan's districts, from the day on which each was in force. Dated
# configuration: the bureau confirms it; days before the first have no limit.
MINIMUM_WAGE: Mapping[date, int] = {
    date(2015, 7, 1): 1600_00,
    date(2017, 10, 1): 1720_00,
    date(2018, 10, 1): 1900_00,
    date(2022, 1, 1): 2000_00,
    date(2024, 1, 1): 2100_00,
}
_DAYS = tuple(MINIMUM_WAGE)
assert all(earlier < later for earlier, later in pairwise(_DAYS))


class JobForm(StrEnum):
    """How somebody works."""

    EMPLOYEE = "EMPLOYEE"
    SELF_EMPLOYED = "SELF_EMPLOYED"
    PUBLIC_POST = "PUBLIC_POST"
    FLEXIBLE = "FLEXIBLE"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the source declares beside the event; its repr shows no phone number.

    Attributes:
        unemployed_on: since when the person was registered as unemployed.
        certified_on, certified_until: of the certificate of hardship, both days included; None: without end.
        job_months: months of flexible work in a row until the event.
        monthly_pay: fen.
        phone: of the person, as entered.
        employer: unified social credit code.
        correction: a case of a closed month that is registered afterwards on purpose (N11).
        street: the unit's own code of its street or town, for the progress of streets.
    """

    unemployed_on: date | None = None
    certified_on: date | None = None
    certified_until: date | None = None
    job_form: JobForm | None = None
    job_months: int | None = None
    monthly_pay: int | None = None
    phone: str | None = field(default=None, repr=False)
    employer: str | None = None
    correction: bool = False
    street: str | None = None

    def stored(self, phone_digest: str | None) -> dict[str, Any] | None:
        """The form of the ledger, without what is not given; the phone number as its keyed digest."""
        given = {
            "unemployed_on": _text(self.unemployed_on),
            "certified_on": _text(self.certified_on),
            "certified_until": _text(self.certified_until),
            "job_form": self.job_form.value if self.job_form else None,
            "job_months": self.job_months,
            "monthly_pay": self.monthly_pay,
            "phone": phone_digest,
            "employer": parse_uscc(self.employer).number if self.employer else None,
            "correction": True if self.correction else None,
            "street": self.street,
        }
        return {name: value for name, value in given.items() if value is not None} or None


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def find_evidence_errors(indicator: str, on: date, evidence: Evidence) -> Iterator[FieldError]:
    """N8, N9, and the form of phone number and employer."""
    if indicator == RE_EMPLOYED and (evidence.unemployed_on is None or evidence.unemployed_on > on):
        message = "失业人员再就业须填写就业之前的失业登记日期，请补充或核对"
        yield FieldError("/unemployed_on", "N8_SPELL", message)
    if indicator == ASSISTED and (
        evidence.certified_on is None
        or evidence.certified_on > on
        or (evidence.certified_until is not None and evidence.certified_until < on)
    ):
        message = "就业困难人员认定须在就业当日有效，请填写认定日期（和有效期至），或核对"
        yield FieldError("/certified_on", "N9_CERTIFICATE", message)
    for pointer, parse, value in (
        ("/phone", parse_mobile, evidence.phone),
        ("/employer", parse_uscc, evidence.employer),
    ):
        try:
            if value is not None:
                parse(value)
        except IdentifierError as error:
            yield FieldError(pointer, error.code, error.message)


def minimum_wage(on: date) -> int:
    """In fen a month on a day; 0 before the first known one."""
    known = bisect_right(_DAYS, on)
    return MINIMUM_WAGE[_DAYS[known - 1]] if known else 0


def waits(on: date, evidence: Evidence) -> bool:
    """N10: flexible work of less than three months or below the minimum wage, or about which neither is said."""
    return evidence.job_form is JobForm.FLEXIBLE and (
        evidence.job_months is None
        or evidence.job_months < FLEXIBLE_MONTHS
        or evidence.monthly_pay is None
        or evidence.monthly_pay < minimum_wage(on)
    )


FLEXIBLE = FieldError(
    "/job_form", "N10_PENDING", "灵活就业不满3个月或收入低于最低工资标准（或未填写），已登记，核实后才计数"
)
SAME_PHONE = FieldError("/phone", "N13_SAME_PHONE", f"同一天同一手机号码登记超过{SAME_SOURCE_A_DAY}条，请核实")
SAME_EMPLOYER = FieldError("/employer", "N13_SAME_EMPLOYER", f"同一天同一用人单位登记超过{SAME_SOURCE_A_DAY}条，请核实")
SAME_DAY: Mapping[str, FieldError] = {"phone": SAME_PHONE, "employer": SAME_EMPLOYER}
"""What is said of too many events of one day, by what they share (N13)."""

# 全国人大常委会关于实施渐进式延迟法定退休年龄的决定 (from 2025-01-01): from these birth months on, a month later for
# every four months, at most so many. Women who retire at 50 are not told apart here, and get the later age.
MALE_AGE, FEMALE_AGE = 60, 55
_FIRST_DELAYED = {True: 1965 * 12, False: 1970 * 12}
_MOST_DELAYED = 36


def retires_on(birth_date: date, *, is_male: bool) -> date:
    """The day of the legal retirement age; of the later one where a woman's depends on her post (N3)."""
    month = birth_date.year * 12 + birth_date.month - 1
    delay = min(_MOST_DELAYED, max(0, (month - _FIRST_DELAYED[is_male]) // 4 + 1))
    return add_months(add_years(birth_date, MALE_AGE if is_male else FEMALE_AGE), delay)
