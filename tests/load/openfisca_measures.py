"""Ten measures of the notices as a model of OpenFisca, for `make bench-eligibility` to compare with.

`python openfisca_measures.py REGISTER RESULT` runs in an environment of its own; the product does not know of it. A
fact that is not known is what OpenFisca takes it for: the default of its variable.
"""

import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from openfisca_core.entities import build_entity
from openfisca_core.indexed_enums import Enum, EnumArray
from openfisca_core.parameters import ParameterNode
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

PERIOD = "2018-09"
AS_OF = np.datetime64("2018-09-01")
Person = build_entity(key="person", plural="persons", label="个人", is_person=True)

BOOLEANS = (
    "is_enrolled", "is_hardship_person", "is_poor_household", "is_returning_migrant", "is_first_business",
    "is_business_operating", "is_job_seeking", "is_low_income_household", "is_disabled", "has_state_student_loan",
    "is_poor_disabled_household", "is_destitute", "is_left_school_registered", "is_in_training",
    "is_flexibly_insured", "is_market_placed_unsuccessfully",
)  # fmt: skip
DATES = ("graduated_on", "business_opened_on", "certificate_issued_on")
COUNTS = ("training_days", "unemployment_insurance_months")
CHOICES = ("school_kind", "employment_status", "training_place")
DEFAULTS = {"school_kind": "NONE", "employment_status": "RETIRED", "training_place": "ZHENGZHOU"}
NEVER = date(1970, 1, 1)


def dated(value: float) -> dict[str, Any]:
    return {"values": {"2018-05-27": {"value": value}}}


PARAMETERS = {
    "startup_amount": dated(10_000),
    "graduate_years": dated(5),
    "operating_months": dated(3),
    "living_per_day": dated(30),
    "travel_amount": dated(300),
    "insured_months": dated(36),
}


def months_after(days: Any, months: int) -> Any:
    """By the calendar, clamped to the month's end."""
    month = days.astype("datetime64[M]")
    later = month + months
    last = (later + 1).astype("datetime64[D]") - 1
    return np.minimum(later.astype("datetime64[D]") + (days - month.astype("datetime64[D]")), last)


def in_graduation_year(days: Any) -> Any:
    return days.astype("datetime64[Y]") == AS_OF.astype("datetime64[Y]")


def startup_grant(person: Any, period: Any, parameters: Any) -> Any:
    p, school = parameters(period), person("school_kind", period)
    kinds = school.possible_values
    graduated, opened = person("graduated_on", period), person("business_opened_on", period)
    recent = (graduated <= AS_OF) & (months_after(graduated, 12 * int(p.graduate_years)) >= AS_OF)
    group = (
        ((school != kinds.NONE) & (school != kinds.OVERSEAS) & person("is_enrolled", period))
        | ((school != kinds.NONE) & recent)
        | person("is_hardship_person", period)
        | person("is_poor_household", period)
        | person("is_returning_migrant", period)
    )
    is_open = months_after(opened, int(p.operating_months)) <= AS_OF
    return group & person("is_first_business", period) & is_open & person("is_business_operating", period)


def job_seeking_grant(person: Any, period: Any) -> Any:
    school = person("school_kind", period)
    needy = (
        person("is_low_income_household", period)
        | person("is_disabled", period)
        | person("has_state_student_loan", period)
        | person("is_poor_disabled_household", period)
        | person("is_poor_household", period)
        | person("is_destitute", period)
    )
    this_year = in_graduation_year(person("graduated_on", period))
    return (school == school.possible_values.UNIVERSITY) & this_year & person("is_job_seeking", period) & needy


def job_seeking_left_school(person: Any, period: Any) -> Any:
    school, status = person("school_kind", period), person("employment_status", period)
    this_year = (school != school.possible_values.NONE) & in_graduation_year(person("graduated_on", period))
    is_unemployed = status == status.possible_values.UNEMPLOYED
    return this_year & is_unemployed & person("is_left_school_registered", period)


def poor_training(person: Any, period: Any) -> Any:
    return person("is_poor_household", period) & person("is_in_training", period)


def poor_training_travel(person: Any, period: Any) -> Any:
    place = person("training_place", period)
    return person("poor_training_fee", period) & (place == place.possible_values.HENAN_OTHER)


def skill_upgrade(person: Any, period: Any, parameters: Any) -> Any:
    status, issued = person("employment_status", period), person("certificate_issued_on", period)
    is_insured = person("unemployment_insurance_months", period) >= parameters(period).insured_months
    is_certified = (np.datetime64("2017-01-01") <= issued) & (issued <= AS_OF)
    return (status == status.possible_values.EMPLOYED) & is_insured & is_certified


def hardship_insurance(person: Any, period: Any) -> Any:
    return person("is_hardship_person", period) & person("is_flexibly_insured", period)


def welfare_post(person: Any, period: Any) -> Any:
    return person("is_hardship_person", period) & person("is_market_placed_unsuccessfully", period)


def welfare_income_deduction(person: Any, period: Any) -> Any:
    status = person("employment_status", period)
    kinds = status.possible_values
    is_working = (status == kinds.EMPLOYED) | (status == kinds.FLEXIBLE) | (status == kinds.SELF_EMPLOYED)
    return person("is_low_income_household", period) & is_working


MEASURES: dict[str, Callable[..., Any]] = {
    "startup_grant": startup_grant,
    "job_seeking_grant": job_seeking_grant,
    "job_seeking_left_school": job_seeking_left_school,
    "poor_training_living": poor_training,
    "poor_training_travel": poor_training_travel,
    "poor_training_fee": poor_training,
    "skill_upgrade": skill_upgrade,
    "hardship_insurance": hardship_insurance,
    "welfare_post": welfare_post,
    "welfare_income_deduction": welfare_income_deduction,
}
AMOUNTS: dict[str, Callable[..., Any]] = {
    "startup_grant": lambda person, period, p: person("startup_grant", period) * p(period).startup_amount,
    "poor_training_living": lambda person, period, p: (
        person("poor_training_living", period) * p(period).living_per_day * person("training_days", period)
    ),
    "poor_training_travel": lambda person, period, p: person("poor_training_travel", period) * p(period).travel_amount,
}


def variable(name: str, kind: Any, formula: Callable[..., Any] | None = None, **more: Any) -> type[Variable]:
    content = {"value_type": kind, "entity": Person, "definition_period": DateUnit.MONTH, "label": name} | more
    return type(name, (Variable,), content | ({"formula": formula} if formula else {}))


def system(choices: dict[str, list[str]]) -> TaxBenefitSystem:
    model = TaxBenefitSystem([Person])
    model.parameters = ParameterNode("", data=PARAMETERS)
    made = [variable(name, bool) for name in BOOLEANS]
    made += [variable(name, date, default_value=NEVER) for name in DATES]
    made += [variable(name, int) for name in COUNTS]
    for name, codes in choices.items():
        known = Enum(name, {code: code for code in codes})
        made.append(variable(name, Enum, possible_values=known, default_value=known[DEFAULTS[name]]))
    made += [variable(name, bool, formula) for name, formula in MEASURES.items()]
    made += [variable(f"{name}_amount", float, formula) for name, formula in AMOUNTS.items()]
    model.add_variables(*made)
    return model


def main(source: str, result: str) -> None:
    register = pl.read_parquet(source, columns=["row_no", *BOOLEANS, *DATES, *COUNTS, *CHOICES])
    choices = {name: register[name].dtype.categories.to_list() for name in CHOICES}
    model = system(choices)
    simulation = SimulationBuilder().build_default_simulation(model, register.height)
    for name in BOOLEANS:
        simulation.set_input(name, PERIOD, register[name].fill_null(value=False).to_numpy())
    for name in DATES:
        simulation.set_input(name, PERIOD, register[name].fill_null(NEVER).to_numpy())
    for name in COUNTS:
        simulation.set_input(name, PERIOD, register[name].fill_null(0).cast(pl.Int32).to_numpy())
    for name, codes in choices.items():
        known = model.get_variable(name).possible_values
        default = codes.index(DEFAULTS[name])
        positions = register[name].to_physical().fill_null(default).cast(pl.Int16).to_numpy()
        simulation.set_input(name, PERIOD, EnumArray(positions, known))
    columns = {"row_no": register["row_no"]}
    columns |= {name: pl.Series(simulation.calculate(name, PERIOD)) for name in MEASURES}
    columns |= {f"{name}_amount": pl.Series(simulation.calculate(f"{name}_amount", PERIOD)) for name in AMOUNTS}
    pl.DataFrame(columns).write_parquet(result, compression="lz4")


if __name__ == "__main__":
    main(*sys.argv[1:])
