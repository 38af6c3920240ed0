"""Made-up people as they come to a kiosk; the shares are declared here and nowhere else."""

import random
from datetime import date
from typing import Any

from eligibility_svc.facts.domain import FactType
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.language.nodes import Value

AS_OF = date(2018, 9, 1)
# Per cent of people who say yes; 20 where nothing is listed. What an authority recognises is rare.
_YES = {
    "is_hardship_person": 6, "is_older_hardship_person": 30, "is_poor_household": 4, "is_low_income_household": 3,
    "is_poor_disabled_household": 1, "is_destitute": 1, "is_zero_job_household": 2, "is_disabled": 6,
    "is_low_skilled": 15, "has_state_student_loan": 8, "is_returning_migrant": 8, "is_rural_transfer_worker": 15,
    "is_veteran": 4, "is_army_family": 1, "is_overcapacity_laid_off": 2, "is_in_rehabilitation": 1,
    "is_job_seeking": 50, "is_enrolled": 8, "is_first_business": 12, "is_business_operating": 12, "is_in_training": 8,
    "is_flexibly_insured": 15, "is_in_project_library": 1, "is_startup_star": 1, "has_repaid_startup_loan": 3,
}  # fmt: skip
# Most adults left school after junior or general senior secondary school, which the notices do not name: NONE.
_CHOICES = {
    "school_kind": {
        "NONE": 55, "UNIVERSITY": 20, "SECONDARY_VOCATIONAL": 14, "VOCATIONAL_SCHOOL": 4, "TECHNICAL_SCHOOL": 4,
        "TECHNICIAN_COLLEGE_SENIOR": 1, "SPECIAL_EDUCATION_VOCATIONAL": 1, "OVERSEAS": 1,
    },
    "employment_status": {
        "EMPLOYED": 40, "UNEMPLOYED": 25, "FLEXIBLE": 12, "SELF_EMPLOYED": 8, "STUDENT": 7, "RETIRED": 8,
    },
    "loan_kind": {"NONE": 85, "STARTUP_GUARANTEE": 5, "OTHER": 10},
}  # fmt: skip


def people(count: int, seed: int) -> list[dict[str, Any]]:
    """Complete facts of so many persons, as the contract writes them."""
    chance = random.Random(seed)
    return [
        {fact.name: _told(fact.type, fact.name, chance) for fact in vocabulary().of("PERSON").values()}
        for _ in range(count)
    ]


def _told(kind: FactType, name: str, chance: random.Random) -> Value | str:
    match kind:
        case FactType.BOOL:
            return chance.random() * 100 < _YES.get(name, 20)
        case FactType.DATE:
            return str(date.fromordinal(chance.randint(date(1980, 1, 1).toordinal(), AS_OF.toordinal())))
        case FactType.COUNT:
            return chance.randint(0, 60)
        case _:
            shares = _CHOICES.get(name) or dict.fromkeys(vocabulary().of("PERSON")[name].choices, 1)
            return chance.choices(list(shares), list(shares.values()))[0]
