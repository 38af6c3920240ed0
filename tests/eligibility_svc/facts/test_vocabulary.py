"""The vocabulary is complete, well formed, and refuses to load with a fault."""

from pathlib import Path

import pytest

from eligibility_svc.datafiles import DataFileError
from eligibility_svc.facts.domain import FactType
from eligibility_svc.facts.repository import VOCABULARY_FILE, load_vocabulary, vocabulary

# The names that integrators rely on: none may ever be renamed or change its type.
CONTRACT = {
    "PERSON": (
        "birth_date:DATE hukou_region:ENUM hukou_unit:UNIT residence_unit:UNIT hukou_kind:ENUM employment_status:ENUM "
        "is_unemployment_registered:BOOL school_kind:ENUM is_enrolled:BOOL graduated_on:DATE degree:ENUM "
        "is_double_first_class_school:BOOL is_hardship_person:BOOL is_poor_household:BOOL is_low_income_household:BOOL "
        "is_poor_disabled_household:BOOL is_destitute:BOOL is_zero_job_household:BOOL is_disabled:BOOL "
        "is_low_skilled:BOOL has_state_student_loan:BOOL is_returning_migrant:BOOL is_rural_transfer_worker:BOOL "
        "is_veteran:BOOL is_army_family:BOOL is_overcapacity_laid_off:BOOL is_in_rehabilitation:BOOL "
        "is_job_seeking:BOOL is_left_school_registered:BOOL is_market_placed_unsuccessfully:BOOL "
        "is_first_business:BOOL business_opened_on:DATE is_business_operating:BOOL is_in_project_library:BOOL "
        "is_startup_star:BOOL loan_kind:ENUM has_repaid_startup_loan:BOOL is_loan_effect_recognised:BOOL "
        "loan_security:ENUM is_in_training:BOOL training_days:COUNT training_place:ENUM training_fee_paid_by:ENUM "
        "unemployment_insurance_months:COUNT certificate_issued_on:DATE is_flexibly_insured:BOOL "
        "grassroots_service_months:COUNT is_grassroots_assessment_passed:BOOL"
    ),
    "EMPLOYER": (
        "organisation_kind:ENUM enterprise_scale:ENUM industry:ENUM is_zombie_enterprise:BOOL is_new_format:BOOL "
        "is_registered:BOOL founder_kind:ENUM hire_kind:ENUM is_new_hire:BOOL contract_months:COUNT "
        "pays_social_insurance:BOOL insurance_paid:MONEY insurance_months:COUNT steady_work_months:COUNT "
        "hired_persons:COUNT new_posts:COUNT is_in_incubator:BOOL incubator_entered_on:DATE "
        "monthly_running_costs:MONTH_AMOUNTS is_extension_needed:BOOL trainees_finished:COUNT trainees_retained:COUNT "
        "trainee_kind:ENUM is_apprenticeship:BOOL is_transfer_training:BOOL"
    ),
    "UNIVERSITY": "is_in_zhengzhou:BOOL is_joint_fair:BOOL fair_employers:COUNT",
    "PARK": "is_recognised_park:BOOL recognised_by:ENUM is_private_investment:BOOL is_city_demo_park:BOOL "
    "is_city_standard:BOOL",
    "INTERMEDIARY": "is_organised_export:BOOL placed_is_poor_household:BOOL placed_has_contract:BOOL "
    "placed_steady_months:COUNT",
    "TRAINING_BODY": "is_designated_body:BOOL course_is_project_purchase:BOOL trainee_is_poor_household:BOOL "
    "trainee_is_overcapacity:BOOL training_fee_paid_by:ENUM",
    "LOAN_OFFICE": "office_kind:ENUM is_outstanding:BOOL",
    "COMMUNITY": "is_newly_recognised:BOOL",
    "GOVERNMENT": "is_county_level:BOOL households_zero_job:COUNT households_zero_job_helped:COUNT "
    "returnee_parks:COUNT demo_projects:COUNT poor_willing:COUNT poor_trained:COUNT",
}
CHOICES = {
    "hukou_region": "ZHENGZHOU HENAN_OTHER OTHER_PROVINCE",
    "hukou_kind": "RURAL URBAN",
    "employment_status": "EMPLOYED UNEMPLOYED FLEXIBLE SELF_EMPLOYED STUDENT RETIRED",
    "school_kind": "UNIVERSITY VOCATIONAL_SCHOOL TECHNICAL_SCHOOL SECONDARY_VOCATIONAL TECHNICIAN_COLLEGE_SENIOR "
    "SPECIAL_EDUCATION_VOCATIONAL OVERSEAS NONE",
    "degree": "DOCTORATE MASTER BACHELOR COLLEGE SECONDARY OTHER",
    "loan_kind": "STARTUP_GUARANTEE OTHER NONE",
    "loan_security": "REAL_ESTATE OTHER NONE",
    "training_place": "ZHENGZHOU HENAN_OTHER OUTSIDE_HENAN",
    "training_fee_paid_by": "TRAINEE TRAINING_BODY",
    "organisation_kind": "ENTERPRISE SOLE_TRADER COOPERATIVE FAMILY_FARM LARGE_GROWER SOCIAL_ORGANISATION STATE_OWNED",
    "enterprise_scale": "MICRO SMALL MEDIUM LARGE",
    "industry": "STEEL COAL THERMAL_POWER CEMENT FLAT_GLASS ELECTROLYTIC_ALUMINIUM AGRICULTURE CONSTRUCTION OTHER",
    "founder_kind": "STUDENT_OR_GRADUATE VETERAN UNEMPLOYED RETURNING_MIGRANT RURAL_TRANSFER DISABLED OTHER",
    "hire_kind": "GRADUATE_IN_YEAR GRADUATE_REGISTERED_UNEMPLOYED HARDSHIP POOR_HOUSEHOLD OTHER",
    "trainee_kind": "GRADUATE_IN_YEAR GRADUATE_WITHIN_2_YEARS SECONDARY_LEFT_UNEMPLOYED OTHER",
    "recognised_by": "CITY COUNTY",
    "office_kind": "BANK FUND_OPERATOR HR_OFFICE",
}


@pytest.mark.parametrize("subject", CONTRACT)
def test_every_fact_of_the_contract_keeps_its_name_and_type(subject: str) -> None:
    known = {name: fact.type.value for name, fact in vocabulary().of(subject).items()}
    promised = dict(entry.split(":") for entry in CONTRACT[subject].split())
    assert {name: known.get(name) for name in promised} == promised


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_of_the_contract_is_there(name: str) -> None:
    (fact,) = [fact for fact in vocabulary().facts if fact.name == name]
    assert set(CHOICES[name].split()) <= set(fact.choices)


def test_every_fact_can_be_asked_for_in_one_line() -> None:
    for fact in vocabulary().facts:
        assert len(fact.question) <= 40, fact.name


def test_health_poverty_and_rehabilitation_are_sensitive() -> None:
    marked = {fact.name for fact in vocabulary().facts if fact.is_sensitive}
    assert {"is_disabled", "is_poor_household", "is_in_rehabilitation", "is_destitute", "hire_kind"} <= marked
    assert not marked & {"graduated_on", "is_first_business", "employment_status"}


def test_the_districts_are_the_fifteen_units() -> None:
    (unit,) = [fact for fact in vocabulary().facts if fact.name == "hukou_unit"]
    assert unit.type is FactType.UNIT
    assert list(unit.choices) == [f"ZZ{number:02d}" for number in range(1, 16)]


HEAD = """\
subjects: {PERSON: 个人, EMPLOYER: 单位, UNIVERSITY: 高校, PARK: 园区, INTERMEDIARY: 中介, TRAINING_BODY: 培训,
  LOAN_OFFICE: 经办, COMMUNITY: 社区, GOVERNMENT: 政府}
units: {ZZ01: 新密市}
facts:
"""
GOOD = """\
  is_new:
    subjects: [PERSON]
    label: 新
    question: 是否新？
    type: BOOL
"""


def load(tmp_path: Path, text: str) -> None:
    (tmp_path / "words.yaml").write_text(text, encoding="utf-8")
    load_vocabulary(tmp_path / "words.yaml")


def test_a_well_formed_vocabulary_loads(tmp_path: Path) -> None:
    load(tmp_path, HEAD + GOOD)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "words.yaml:1:1", "empty"),
        ("subjects: [", "words.yaml:2:1", "not YAML"),
        ("subjects: \x00", "words.yaml:1:1", "not YAML"),
        ("- a", "words.yaml:1:1", "expected key: value pairs"),
        ("a: 1\n---\nb: 2", "words.yaml:2:1", "not YAML"),
        (HEAD.replace("PERSON: 个人, ", "") + GOOD, "words.yaml:1:11", "the subjects are"),
        (HEAD + GOOD + GOOD, "words.yaml:10:3", "is_new stands twice"),
        (HEAD + GOOD.replace("is_new", "isNew"), "words.yaml:6:5", "lower_snake"),
        (HEAD + GOOD.replace("PERSON", "PERSONS"), "words.yaml:6:16", "expected one of PERSON"),
        (HEAD + GOOD.replace("BOOL", "FLAG"), "words.yaml:9:11", "expected one of BOOL"),
        (HEAD + GOOD.replace("？", "?"), "words.yaml:8:15", "ends with ？"),
        (HEAD + GOOD.replace("BOOL", "COUNT"), "words.yaml:6:5", "a number has a unit"),
        (HEAD + GOOD.replace("BOOL", "ENUM"), "words.yaml:6:5", "an ENUM has values"),
        (HEAD + GOOD + "    values: {A: 甲}\n", "words.yaml:6:5", "nothing else has them"),
        (HEAD + GOOD + "    unit: 天\n", "words.yaml:6:5", "nothing else has one"),
        (HEAD + GOOD + "    gate: is_old\n", "words.yaml:10:11", "unknown fact is_old"),
        (HEAD + GOOD + "    gate: is_new\n", "words.yaml:10:11", "unknown fact is_new"),
        (HEAD + GOOD + "    is_sensitive: yes\n", "words.yaml:10:19", "expected true or false"),
        (HEAD + GOOD + "    colour: red\n", "words.yaml:10:13", "unknown key colour"),
        (HEAD + GOOD.replace("    label: 新\n", ""), "words.yaml:6:5", "missing label"),
        (HEAD + GOOD.replace("label: 新", "label: ''"), "words.yaml:7:12", "expected text"),
        (HEAD + GOOD.replace("[PERSON]", "[PERSON, PERSON]"), "words.yaml:6:15", "each once"),
        (HEAD.replace("ZZ01", "zz01") + GOOD, "words.yaml:3:15", "UPPER_SNAKE"),
    ],
)
def test_a_fault_is_refused_with_its_place(tmp_path: Path, text: str, place: str, message: str) -> None:
    with pytest.raises(DataFileError) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith(place)
    assert message in caught.value.message


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_bytes(VOCABULARY_FILE.read_text(encoding="utf-8").encode("gb18030"))
    with pytest.raises(DataFileError, match="not UTF-8"):
        load_vocabulary(tmp_path / "words.yaml")
