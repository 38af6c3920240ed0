"""The vocabulary on the wire."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from eligibility_svc.facts.domain import Fact, FactType, Vocabulary
from eligibility_svc.facts.reading import MAX_COUNT, MAX_MONTHS
from kit.http.wire import ResponseModel

_MONEY = {"type": "string", "pattern": r"^(0|[1-9][0-9]{0,13})(\.[0-9]{1,2})?$"}
_MONTH = {"type": "string", "pattern": "^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$"}


def value_schema(fact: Fact) -> dict[str, Any]:
    """JSON schema of a fact's value as a client sends it."""
    described = {"description": fact.label if fact.unit is None else f"{fact.label}（{fact.unit}）"}
    match fact.type:
        case FactType.BOOL:
            return described | {"type": "boolean"}
        case FactType.COUNT:
            return described | {"type": "integer", "minimum": 0, "maximum": MAX_COUNT}
        case FactType.MONEY:
            return described | _MONEY
        case FactType.DATE:
            return described | {"type": "string", "format": "date", "pattern": "^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}$"}
        case FactType.MONTH_AMOUNTS:
            entry = {
                "type": "object",
                "properties": {"month": _MONTH, "amount": _MONEY},
                "required": ["month", "amount"],
                "additionalProperties": False,
            }
            return described | {"type": "array", "items": entry, "maxItems": MAX_MONTHS}
        case _:
            return described | {"type": "string", "enum": list(fact.choices)}


class ChoiceRead(ResponseModel):
    """A code and what it is called."""

    code: str
    label: str


class FactRead(ResponseModel):
    """One fact: how it is called, how it is asked for, what it may be."""

    name: str
    subjects: list[str]
    label: str
    question: Annotated[str, Field(description="自助终端上的提问")]
    type: Literal["BOOL", "COUNT", "MONEY", "DATE", "ENUM", "UNIT", "MONTH_AMOUNTS"]
    unit: str | None
    values: Annotated[list[ChoiceRead], Field(description="可填的取值；没有限定时为空")]
    is_sensitive: Annotated[bool, Field(description="是否属于敏感个人信息")]
    gate: Annotated[str | None, Field(description="适用前提；前提不成立时该事实不适用，不必询问")]
    measures: Annotated[list[str], Field(description="哪些措施用到它")]


class FactsRead(ResponseModel):
    """The whole vocabulary, in the order in which facts are asked for."""

    catalogue_version: str
    subjects: list[ChoiceRead]
    items: list[FactRead]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "catalogue_version": "7b686594705d6a4e",
                    "subjects": [{"code": "PERSON", "label": "个人"}],
                    "items": [
                        {
                            "name": "training_days",
                            "subjects": ["PERSON"],
                            "label": "培训天数",
                            "question": "您参加培训多少天？",
                            "type": "COUNT",
                            "unit": "天",
                            "values": [],
                            "is_sensitive": False,
                            "gate": "is_in_training",
                            "measures": ["poor-training-living"],
                        }
                    ],
                }
            ]
        }
    }

    @classmethod
    def of(
        cls, words: Vocabulary, uses: Mapping[tuple[str, str], tuple[str, ...]], version: str, subject: str | None
    ) -> "FactsRead":
        """All facts, or those of one subject."""
        facts = words.facts if subject is None else tuple(words.of(subject).values())
        return cls(
            catalogue_version=version,
            subjects=[ChoiceRead(code=code, label=label) for code, label in words.subjects.items()],
            items=[_fact(fact, uses) for fact in facts],
        )


def _fact(fact: Fact, uses: Mapping[tuple[str, str], tuple[str, ...]]) -> FactRead:
    codes = dict.fromkeys(code for subject in fact.subjects for code in uses.get((subject, fact.name), ()))
    return FactRead(
        name=fact.name,
        subjects=list(fact.subjects),
        label=fact.label,
        question=fact.question,
        type=fact.type.value,
        unit=fact.unit,
        values=[ChoiceRead(code=code, label=label) for code, label in fact.choices.items()],
        is_sensitive=fact.is_sensitive,
        gate=fact.gate.source if fact.gate else None,
        measures=list(codes),
    )
