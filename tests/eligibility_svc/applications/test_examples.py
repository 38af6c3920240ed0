"""The examples of the contract are answers that the contract describes."""

import pytest

from eligibility_svc.applications import examples
from eligibility_svc.applications.schemas import (
    ApplicationCreate,
    ApplicationList,
    ApplicationRead,
    RatedRead,
    RatingList,
)
from eligibility_svc.parameters.schemas import ParameterValueList
from kit.http.wire import ResponseModel


@pytest.mark.parametrize(
    ("model", "example"),
    [(ApplicationList, examples.LISTED), (RatedRead, examples.RATED), (RatingList, examples.RATINGS)],
)
def test_an_example_has_every_field(model: type[ResponseModel], example: dict[str, object]) -> None:
    read = model.model_validate(example)
    assert read.model_dump(mode="json", by_alias=True) == example


def test_the_application_of_the_examples_is_taken_and_shown_as_described() -> None:
    assert ApplicationCreate.model_validate(examples.APPLICATION).measure == "startup-grant"
    assert set(examples.READ) == set(ApplicationRead.model_fields)
    assert examples.READ["check"]["result"]["benefit"]["amount"] == examples.READ["decision"]["amount"] == "10000.00"


def test_the_parameter_values_of_the_examples_are_as_described() -> None:
    extra = ParameterValueList.model_config["json_schema_extra"]
    assert isinstance(extra, dict)
    (example,) = extra["examples"]  # type: ignore[misc]  the type of a JSON value is wider than a list
    assert ParameterValueList.model_validate(example).model_dump(mode="json", by_alias=True) == example
