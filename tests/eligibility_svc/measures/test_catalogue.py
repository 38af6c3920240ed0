"""The catalogue holds what the two notices grant, in force from their dates, every figure with its clause."""

from datetime import date
from pathlib import Path

import pytest

from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.measures.domain import BenefitStatus, Family, ParameterType, criteria_of
from eligibility_svc.measures.repository import CODES_FILE, EDITIONS_FOLDER, catalogue, load_catalogue
from eligibility_svc.measures.service import list_editions
from kit.money import yuan

FIRST, SECOND = "郑政办文〔2017〕15号", "郑政〔2018〕31号"

# Measure → clause and the figures that stand in it.
FIGURES = {
    "startup-grant": ("七", {"amount": "10000.00", "graduate_years": 5, "operating_months": 3}),
    "graduate-loan-subsidy": ("七", {"max_years": 3}),
    "loan-fee-waiver": ("十", {"fee": "0.00"}),
    "loan-work-reward": ("十", {"pool_share": "1.00"}),
    "incubator-build": ("三", {"ceiling": "400000.00"}),
    "incubator-demo": ("三", {"ceiling": "300000.00"}),
    "incubator-running-cost": ("三", {"share": "50.00", "months": 36, "yearly_ceiling": "20000.00"}),
    "incubation-extension": ("九", {"max_years": 2}),
    "internship": ("十二", {"retention_share": "50.00"}),
    "graduate-insurance": ("十四", {"least_contract_months": 12, "max_months": 12}),
    "poor-labour-hiring": ("十八", {"per_person": "1000.00", "steady_months": 12}),
    "poor-training-living": ("二十二", {"per_day": "30.00"}),
    "poor-training-travel": ("二十二", {"amount": "300.00"}),
    "poor-placement": ("二十二", {"steady_months": 6}),
    "skill-upgrade": ("二十六", {"insured_months": 36, "certificate_from": "2017-01-01"}),
    "job-fair": ("二十七", {"per_employer": "200.00", "least_employers": 100}),
    "veteran-posts": ("二十三", {"share": "5.00"}),
    "returnee-park": ("四", {"least": 1, "due_on": "2017-12-31"}),
    "demo-projects": ("四", {"least": 1, "most": 2, "due_on": "2017-12-31"}),
    "grassroots-title": ("十三", {"least_months": 12}),
    "free-course": ("二十二", {"courses": 1}),
    "help-overcapacity-county": ("三", {"plans": 1}),
}


# Every measure of the notices: family, subjects, clauses in force since the second notice (B is the first one).
MEASURES = """
G startup-grant P 七
G graduate-loan-subsidy P 七
G repeat-loan-subsidy PE 十
G loan-fee-waiver P 十
G loan-work-reward B 十
G rural-returnee-loan PE 二十
G incubator-build K B三
G incubator-demo K B三
G incubator-demo-2018 K 九
G incubator-running-cost E B三
G incubation-extension E 九
G project-library PE 十一
G job-seeking-grant P 十二
G job-seeking-left-school P 十二
G internship E 十二
G graduate-insurance E 十四
G apprenticeship E 十四
G overcapacity-retraining E 十五,十六
G poor-labour-hiring E 十八
G returnee-firm-insurance E 十八
G returnee-farm-subsidy E 十八
G demo-county-award GKE 十九
G startup-star P 十九
G hardship-insurance EP 二十一
G welfare-post P 十七,二十一
G welfare-income-deduction P 二十一
G full-employment-community C 二十一
G labour-export I 二十二
G poor-training-living P 二十二
G poor-training-travel P 二十二
G poor-training-fee TP 二十二
G poor-placement I 二十二
G training-fee PT 二十六
G project-training T 二十六
G skill-upgrade P 二十六
G job-fair U 二十七
G new-format-support E 四,五
G small-firm-hiring E 二
G startup-service-support E 十一
Q veteran-posts E 二十三
Q one-job-per-household G 二十一,B二
Q returnee-park G B四
Q demo-projects G B四
Q help-overcapacity-county G 三
Q free-course G 二十二
S flexible-work-support P 六
S startup-park-place P 七
S army-service P 十三
S grassroots-title P 十三
S township-direct-hire P 十三
S research-insurance E 十四
S overcapacity-resettlement P 十五
S overcapacity-reemployment P 十七
S veteran-support P 二十三
S army-family P 二十三
S urban-unemployment-registration P 二十二
S rehabilitation-help P 二十一
S leave-to-start P 七,十六
S overseas-returnee-support P 七
S reserved-posts P 十三
S startup-tax-relief P 七,十八
S graduate-startup-fund P 十
S returnee-fund PE 二十
S rural-business-support E 十八
S returnee-park-entry E 十八
S college-veteran-support P 二十三
S veteran-placement P 二十三
S skill-appraisal P 二十四
S poor-household-service P B五
S township-project-posts P 十三
S skilled-worker-parity P 二十五
S zero-job-household-help P 二十一
"""
SUBJECTS = {
    "P": "PERSON", "E": "EMPLOYER", "T": "TRAINING_BODY", "I": "INTERMEDIARY", "U": "UNIVERSITY", "K": "PARK",
    "B": "LOAN_OFFICE", "C": "COMMUNITY", "G": "GOVERNMENT",
}  # fmt: skip


def test_every_measure_of_the_notices_is_there_with_its_clauses() -> None:
    families = {"G": Family.GRANT, "Q": Family.QUOTA, "S": Family.SERVICE}
    expected = {}
    for line in MEASURES.split("\n")[1:-1]:
        family, code, subjects, clauses = line.split()
        cited = {(FIRST, clause[1:]) if clause[0] == "B" else (SECOND, clause) for clause in clauses.split(",")}
        expected[code] = (families[family], {SUBJECTS[letter] for letter in subjects}, cited)
    known = {code: editions[-1] for code, editions in catalogue().measures.items()}
    assert {
        code: (edition.family, set(edition.subjects), {(each.document, each.clause) for each in edition.citations})
        for code, edition in known.items()
    } == expected
    # The clauses that criteria cite are among those of the measure.
    for edition in known.values():
        for terms in edition.terms.values():
            assert {each.citation for each in terms.criteria} <= set(edition.citations)


def test_all_measures_of_the_three_families_are_there() -> None:
    families = [editions[0].family for editions in catalogue().measures.values()]
    counts = (families.count(Family.GRANT), families.count(Family.QUOTA), families.count(Family.SERVICE))
    assert counts == (39, 6, 27)


@pytest.mark.parametrize("code", FIGURES)
def test_a_figure_stands_as_in_its_clause(code: str) -> None:
    clause, figures = FIGURES[code]
    edition = catalogue().measures[code][-1]
    known = {
        name: parameter.wire(parameter.values[0].value)
        for name, parameter in edition.parameters.items()
        if parameter.values[0].value is not None
    }
    assert known == figures
    assert all(parameter.values[0].citation.clause == clause for parameter in edition.parameters.values())


def test_no_other_measure_has_a_figure() -> None:
    for code, editions in catalogue().measures.items():
        if code not in FIGURES:
            values = [dated.value for each in editions for p in each.parameters.values() for dated in p.values]
            assert set(values) <= {None}, code


def test_nothing_is_in_force_before_its_notice() -> None:
    dates = {document.number: document.issued_on for document in catalogue().documents.values()}
    assert dates == {FIRST: date(2017, 3, 10), SECOND: date(2018, 5, 27)}
    assert list_editions(catalogue(), date(2017, 3, 9)) == []
    for editions in catalogue().measures.values():
        assert editions[0].in_force_from == dates[editions[0].citations[0].document]


@pytest.mark.parametrize("day", ["2017-03-10", "2017-12-01", "2018-05-26"])
def test_until_the_second_notice_only_the_first_one_counts(day: str) -> None:
    in_force = list_editions(catalogue(), date.fromisoformat(day))
    assert {edition.citations[0].document for edition in in_force} == {FIRST}
    assert {edition.code for edition in in_force} == {
        "incubator-build", "incubator-demo", "incubator-running-cost",
        "one-job-per-household", "returnee-park", "demo-projects", "poor-household-service",
    }  # fmt: skip


def test_from_the_second_notice_on_all_measures_are_in_force() -> None:
    assert len(list_editions(catalogue(), date(2018, 5, 27))) == len(catalogue().measures)


def test_measures_are_listed_by_subject_and_family() -> None:
    day = date(2018, 9, 1)
    universities = list_editions(catalogue(), day, subject="UNIVERSITY")
    assert [edition.code for edition in universities] == ["job-fair"]
    duties = list_editions(catalogue(), day, subject="EMPLOYER", family=Family.QUOTA)
    assert [edition.code for edition in duties] == ["veteran-posts"]


def test_who_pays_is_what_the_notices_say() -> None:
    said = {
        code: [payer.code for payer in editions[-1].terms[subject].benefit.payers]
        for code, editions in catalogue().measures.items()
        for subject in editions[-1].subjects
        if editions[-1].terms[subject].benefit.payers
    }
    assert said == {
        "incubator-build": ["CITY", "COUNTY"],
        "incubator-demo-2018": ["CITY"],
        "startup-star": ["CITY"],
        "poor-labour-hiring": ["LOCAL"],
        "poor-training-living": ["HUKOU_PLACE"],
        "poor-training-travel": ["HUKOU_PLACE"],
        "poor-training-fee": ["TRAINING_BODY_PLACE"],
        "skill-upgrade": ["UNEMPLOYMENT_INSURANCE_FUND"],
        "job-fair": ["EMPLOYMENT_SUBSIDY_FUND"],
    }


def test_what_the_notices_leave_open_has_no_amount() -> None:
    fixed = {
        code
        for code, editions in catalogue().measures.items()
        for terms in editions[-1].terms.values()
        if terms.benefit.status in {BenefitStatus.FIXED, BenefitStatus.CAPPED}
    }
    assert fixed == {
        "startup-grant", "loan-fee-waiver", "poor-labour-hiring", "poor-training-living", "poor-training-travel",
        "job-fair", "incubator-build", "incubator-demo", "incubator-running-cost", "graduate-insurance",
    }  # fmt: skip


def test_every_criterion_is_one_line_and_cites_a_notice() -> None:
    for editions in catalogue().measures.values():
        for edition in editions:
            for terms in edition.terms.values():
                for criterion in criteria_of(terms.requires):
                    assert "\n" not in criterion.text
                    assert criterion.citation.document in {FIRST, SECOND}


def test_each_fact_knows_its_measures() -> None:
    uses = catalogue().uses()
    assert set(uses["PERSON", "training_days"]) == {"poor-training-living"}
    assert "startup-grant" in uses["PERSON", "school_kind"]
    assert set(uses["EMPLOYER", "new_posts"]) == {"veteran-posts"}


def test_parameters_are_exact() -> None:
    for editions in catalogue().measures.values():
        for parameter in editions[-1].parameters.values():
            for dated in parameter.values:
                assert not isinstance(dated.value, float)
                if parameter.type is ParameterType.MONEY and dated.value is not None:
                    assert isinstance(dated.value, int)
                    assert yuan(dated.value) == parameter.wire(dated.value)


def test_the_version_is_that_of_the_data(tmp_path: Path) -> None:
    again = load_catalogue(vocabulary(), CODES_FILE, EDITIONS_FOLDER)
    assert again.version == catalogue().version
    for path in EDITIONS_FOLDER.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        if path.stem == "startup-grant":
            text = "# a comment changes nothing\n" + text
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    assert load_catalogue(vocabulary(), CODES_FILE, tmp_path).version == catalogue().version
    changed = tmp_path / "startup-grant.yaml"
    changed.write_text(changed.read_text(encoding="utf-8").replace("10000.00", "10000.01"), encoding="utf-8")
    assert load_catalogue(vocabulary(), CODES_FILE, tmp_path).version != catalogue().version
