"""A fault in an edition is refused with file, line and column, and nothing is loaded."""

import re
from pathlib import Path

import pytest

from eligibility_svc.datafiles import DataFileError
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.measures.domain import Catalogue
from eligibility_svc.measures.repository import CODES_FILE, load_catalogue

GOOD = """\
code: some-grant
name: 某项补贴
family: GRANT
subjects: [PERSON]
document: 2018-31
clauses: [七]
in_force: {from: 2018-05-27}
parameters:
  amount:
    label: 补贴标准
    type: MONEY
    unit: 元
    values:
      - {from: 2018-05-27, value: 10000.00, cite: 七}
requires:
  all:
    - id: first-business
      text: 首次创业
      when: is_first_business
      cite: 七
    - id: open-long-enough
      text: 开业满3个月
      when: months_after(business_opened_on, 3) <= as_of
      cite: 七
benefit:
  status: FIXED
  formula: $amount
  per: ONCE
"""
QUOTA_TERMS = "quota: {unit: 个, owed: training_days}\n"
QUOTA = GOOD.replace("family: GRANT", "family: QUOTA").partition("benefit:")[0] + QUOTA_TERMS
FIRST = "when: is_first_business"


def load(folder: Path, *texts: str) -> Catalogue:
    for number, text in enumerate(texts):
        name = "some-grant.yaml" if number == 0 else f"some-grant@{number}.yaml"
        (folder / name).write_text(text, encoding="utf-8")
    return load_catalogue(vocabulary(), CODES_FILE, folder)


def test_a_well_formed_edition_loads(tmp_path: Path) -> None:
    assert list(load(tmp_path, GOOD).measures) == ["some-grant"]
    assert list(load(tmp_path, QUOTA).measures) == ["some-grant"]


def sub(old: str, new: str, text: str = GOOD) -> str:
    assert old in text
    return text.replace(old, new, 1)


FAULTS = {
    "unknown fact": (sub("is_first_business", "is_first_busines"), "19:13", "did you mean is_first_business"),
    "fact of another subject": (sub("is_first_business", "is_new_hire"), "19:13", "unknown fact is_new_hire"),
    "wrong type": (sub("<= as_of", "<= training_days"), "23:13", "DATE is compared with COUNT"),
    "not a truth": (sub("when: is_first_business", "when: training_days"), "19:13", "expected BOOL"),
    "unknown parameter": (sub("formula: $amount", "formula: $amout"), "27:12", "did you mean amount"),
    "formula is no money": (sub("formula: $amount", "formula: training_days"), "27:12", "expected MONEY"),
    "malformed rule": (sub("when: is_first_business", "when: is_first_business and"), "19:34", "well-formed"),
    "quoted rule": (sub("when: is_first_business", "when: 'is_first_busines'"), "19:14", "did you mean"),
    "rule in a block": (
        sub("when: is_first_business", "when: |\n        is_first_business and\n        is_busines_operating"),
        "21:1",
        "did you mean is_business_operating",
    ),
    "rule over folded lines": (
        sub("when: is_first_business", "when: >\n        is_first_business"), "19:13", "written as a | block",
    ),
    "criterion without clause": (sub("      cite: 七\n", ""), "17:7", "missing cite"),
    "criterion without text": (sub("      text: 首次创业\n", ""), "17:7", "missing text"),
    "clause that is not there": (sub(f"{FIRST}\n      cite: 七", f"{FIRST}\n      cite: 三十三"),
                                 "20:13", "no such clause"),
    "clause of an unknown document": (sub(f"{FIRST}\n      cite: 七", f"{FIRST}\n      cite: 2019-1 七"),
                                      "20:13", "unknown document"),
    "criterion twice": (sub("id: open-long-enough", "id: first-business"), "16:3", "first-business stands twice"),
    "id is not kebab": (sub("id: first-business", "id: FirstBusiness"), "17:11", "kebab-case"),
    "no requirement": (sub("  all:\n", "  all: []\n  any:\n"), "18:5", "unknown key any"),
    "empty requirement": (re.sub(r"  all:\n(.|\n)*?benefit", "  all: []\nbenefit", GOOD), "16:8",
                          "nothing is required"),
    "at least too many": (re.sub(r"  all:\n", "  at_least: 3\n  of:\n", GOOD), "16:13", "at most as many"),
    "unknown key": (sub("per: ONCE", "per: ONCE\n  colour: red"), "29:11", "unknown key colour"),
    "key twice": (sub("name: 某项补贴", "name: 某项补贴\nname: 另一项"), "3:1", "name stands twice"),
    "code is not the file's": (sub("code: some-grant", "code: other-grant"), "1:7", "begins the name of the file"),
    "unknown family": (sub("family: GRANT", "family: GIFT"), "3:9", "expected one of GRANT"),
    "unknown subject": (sub("[PERSON]", "[HUMAN]"), "4:12", "expected one of PERSON"),
    "no subject": (sub("subjects: [PERSON]\n", ""), "1:1", "missing subjects"),
    "unknown document": (sub("document: 2018-31", "document: 2018-32"), "5:11", "expected one of 2018-31"),
    "in force before the notice": (sub("{from: 2018-05-27}", "{from: 2018-05-26}"), "7:18",
                                   "nothing of it was in force"),
    "ends before it begins": (sub("{from: 2018-05-27}", "{from: 2018-05-27, until: 2018-05-27}"), "7:37",
                              "ends before it begins"),
    "not a date": (sub("in_force: {from: 2018-05-27}", "in_force: {from: 2018-5-27}"), "7:18", "expected a date"),
    "no such day": (sub("in_force: {from: 2018-05-27}", "in_force: {from: 2018-02-30}"), "7:18", "expected a date"),
    "parameter begins too late": (sub("- {from: 2018-05-27", "- {from: 2018-05-28"), "9:3", "no value on 2018-05-27"),
    "parameter values overlap": (
        sub("cite: 七}\nrequires", "cite: 七}\n      - {from: 2018-05-27, value: 1.00, cite: 七}\nrequires"),
        "15:9", "overlaps the value from 2018-05-27",
    ),
    "parameter without a value": (sub("    values:\n      - {from: 2018-05-27, value: 10000.00, cite: 七}\n",
                                      "    values: []\n"), "13:13", "at least one dated value"),
    "parameter without clause": (sub(", value: 10000.00, cite: 七}", ", value: 10000.00}"), "14:9", "missing cite"),
    "parameter of a wrong type": (sub("10000.00", "a lot"), "14:35", "not a MONEY"),
    "amount with three places": (sub("10000.00", "10000.005"), "14:35", "not a MONEY"),
    "negative amount": (sub("10000.00", "-1.00"), "14:35", "not a MONEY"),
    "unknown parameter type": (sub("type: MONEY", "type: CASH"), "11:11", "expected one of MONEY"),
    "parameter name": (sub("  amount:\n", "  Amount:\n"), "10:5", "lower_snake"),
    "fixed without a figure": (sub(" value: 10000.00,", ""), "26:3", "FIXED, yet amount has no value"),
    "open with a figure": (sub("status: FIXED", "status: SET_BY_RULES"), "26:3", "no parameter of its formula is open"),
    "fixed without a formula": (sub("  formula: $amount\n", ""), "26:3", "the others have a formula"),
    "unknown status": (sub("status: FIXED", "status: GENEROUS"), "26:11", "expected one of FIXED"),
    "unknown per": (sub("per: ONCE", "per: MOON"), "28:8", "expected one of ONCE"),
    "unknown payer": (sub("per: ONCE", "per: ONCE\n  payer: MOON"), "29:10", "expected one of CITY"),
    "unknown cost": (GOOD + "relations: {costs: [MOON]}\n", "29:21", "expected one of SOCIAL_INSURANCE"),
    "unknown once": (GOOD + "relations: {once: NEVER}\n", "29:19", "expected one of LIFE"),
    "grant without benefit": (GOOD.partition("benefit:")[0], "1:1", "a GRANT has a benefit"),
    "service with benefit": (sub("family: GRANT", "family: SERVICE"), "1:1", "no other family has one"),
    "quota without quota": (sub(QUOTA_TERMS, "", QUOTA), "1:1", "a QUOTA has a quota"),
    "owed is no number": (sub("owed: training_days", "owed: is_first_business", QUOTA), "25:24", "expected COUNT"),
    "subjects twice": (sub("requires:\n", "requires:\n  PERSON: {id: x, text: x, when: true, cite: 七}\n"),
                       "4:11", "names the subjects already"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_with_its_place(tmp_path: Path, fault: str) -> None:
    text, place, message = FAULTS[fault]
    with pytest.raises(DataFileError) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith(f"some-grant.yaml:{place}:")
    assert message in caught.value.message


EARLIER = sub("in_force: {from: 2018-05-27}", "in_force: {from: 2018-05-27, until: 2019-01-01}")


@pytest.mark.parametrize(
    ("begins", "message"),
    [("2018-12-31", "overlaps the one from 2018-05-27"), ("2019-01-02", "no edition of some-grant is in force")],
)
def test_overlaps_and_gaps_between_editions_are_refused(tmp_path: Path, begins: str, message: str) -> None:
    with pytest.raises(DataFileError, match=message):
        load(tmp_path, EARLIER, sub("in_force: {from: 2018-05-27}", f"in_force: {{from: {begins}}}"))


def test_two_open_editions_overlap(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="overlaps"):
        load(tmp_path, GOOD, sub("in_force: {from: 2018-05-27}", "in_force: {from: 2019-01-01}"))


def test_an_edition_may_not_change_the_family(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="changes its family"):
        load(tmp_path, EARLIER, sub("in_force: {from: 2018-05-27}", "in_force: {from: 2019-01-01}", QUOTA))


def test_editions_that_meet_are_one_measure(tmp_path: Path) -> None:
    loaded = load(tmp_path, EARLIER, sub("in_force: {from: 2018-05-27}", "in_force: {from: 2019-01-01}"))
    assert [str(each.in_force_from) for each in loaded.measures["some-grant"]] == ["2018-05-27", "2019-01-01"]


@pytest.mark.parametrize(
    ("relation", "message"),
    [
        ("{per_person: {count: training_days, at_most: limit}}", "either count, or months and at_most"),
        ("{per_person: {months: training_days}}", "either count, or months and at_most"),
        ("{per_person: {count: is_first_business}}", "expected one of"),
        ("{per_person: {months: training_days, at_most: amount}}", "expected one of"),
    ],
)
def test_a_limit_for_each_person_names_counts(tmp_path: Path, relation: str, message: str) -> None:
    with pytest.raises(DataFileError, match=message):
        load(tmp_path, f"{GOOD}relations: {relation}\n")
