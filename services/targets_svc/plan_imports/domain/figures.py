"""One cell of the annex: a figure however it was typed, a sign for none, or what is wrong with it."""

import re

from kit.identifiers.full_width import fold_full_width
from targets_svc.annex.domain.grid import Value
from targets_svc.indicators.domain import GREATEST_COUNT
from targets_svc.plans.domain import NOT_ASSIGNED_TOKENS, PENDING_TOKENS, ItemState

_NUMBER = re.compile(r"-?([0-9]{1,12}|[0-9]{1,3}(,[0-9]{3}){1,3})(\.[0-9]{1,6})?")
_NOT_ASSIGNED = frozenset(fold_full_width(token) for token in NOT_ASSIGNED_TOKENS)
_SPACES = re.compile(r"\s+")

Figure = tuple[ItemState, int | None]


class UnreadableFigureError(ValueError):
    """Carries the rule and what to do."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(rule)
        self.rule, self.message = rule, message


def squeeze(value: Value) -> str:
    """Text without any blank and with half-width signs, to compare names by."""
    return _SPACES.sub("", fold_full_width(str(value))) if value is not None else ""


def read_figure(value: Value, most: int = GREATEST_COUNT) -> Figure:
    """A cell's state and value; `most` bounds it.

    Raises:
        UnreadableFigureError: P4 blank, or a figure beside a sign for none; P5 negative or not whole; T4 no number.
    """
    if value is None:
        raise UnreadableFigureError("P4", "单元格为空：请填写数值，未下达任务请填——，待明确请填待明确")
    if isinstance(value, bool):
        raise UnreadableFigureError("T4", "应为数值，不是是非值")
    if isinstance(value, int | float):
        return ItemState.ASSIGNED, _whole(value, most)
    text = squeeze(value)
    if text in _NOT_ASSIGNED:
        return ItemState.NOT_ASSIGNED, None
    if text in PENDING_TOKENS:
        return ItemState.PENDING, None
    if _NUMBER.fullmatch(text):
        whole, _, places = text.replace(",", "").partition(".")
        if places.strip("0"):
            raise UnreadableFigureError("P5", "应为整数（单位：人）")
        return ItemState.ASSIGNED, _bounded(int(whole), most)
    if any(character.isdigit() for character in text) and any(t in text for t in _NOT_ASSIGNED | PENDING_TOKENS):
        raise UnreadableFigureError("P4", "同一单元格既有数值又有未下达或待明确的标记，请只保留一种")
    raise UnreadableFigureError("T4", "读不出数值：请填写整数、——或待明确")


def _whole(value: float, most: int) -> int:
    if not abs(value) <= most or value != int(value):
        raise UnreadableFigureError("P5", "应为整数（单位：人），且不应过大")
    return _bounded(int(value), most)


def _bounded(value: int, most: int) -> int:
    if value < 0:
        raise UnreadableFigureError("P5", "数值不能为负")
    if value > most:
        raise UnreadableFigureError("P5", "数值过大，请核对")
    return value
