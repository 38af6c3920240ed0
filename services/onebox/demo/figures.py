"""Made-up figures of a year; the plan is the notice's own."""

from typing import Any

YEAR = 2017
UNITS = [f"ZZ{number:02d}" for number in range(16)]
COLUMNS = ["I01", "I01a", "I01b", "I02", "I03", "I03a", "I04", "I05", "I06", "I07"]
# What each district has reached of 新增城镇就业 by the end of June, and in per cent of its target by December:
# 荥阳 catches up, 管城 falls further behind, 航空港 recovers in part.
JUNE = {
    "ZZ01": 3710, "ZZ02": 2750, "ZZ03": 3900, "ZZ04": 2580, "ZZ05": 1350, "ZZ06": 1485, "ZZ07": 15120, "ZZ08": 10682,
    "ZZ09": 12208, "ZZ10": 6300, "ZZ11": 1350, "ZZ12": 1300, "ZZ13": 1300, "ZZ14": 2040, "ZZ15": 1020,
}  # fmt: skip
DECEMBER = {
    "ZZ01": 103, "ZZ02": 101, "ZZ03": 109, "ZZ04": 104, "ZZ05": 100, "ZZ06": 105, "ZZ07": 104, "ZZ08": 101,
    "ZZ09": 107, "ZZ10": 78, "ZZ11": 96, "ZZ12": 118, "ZZ13": 115, "ZZ14": 121, "ZZ15": 92,
}  # fmt: skip
# In per cent of how far 新增城镇就业 is; nothing above it where 其中 may not exceed its whole.
SPEED = {"I02": 104, "I03": 96, "I03a": 94, "I05": 98, "I06": 110, "I07": 86}

Cells = dict[tuple[str, str], int | None]


def reached(unit: str, target: int, month: int) -> int:
    """新增城镇就业 by the end of a month: evenly to June's figure, then evenly to December's."""
    if month <= 6:
        return -(-JUNE[unit] * month // 6)
    december = target * DECEMBER[unit] // 100
    return JUNE[unit] + (december - JUNE[unit]) * (month - 6) // 6


def reported(cells: Cells, unit: str, month: int) -> list[dict[str, Any]]:
    """Cumulative values: each indicator as far as 新增城镇就业, 市本级 on the course of the year."""
    target = cells.get((unit, "I01"))
    share = (reached(unit, target, month), target) if target else (month, 12)
    return [
        {"indicator": column, "value": value * share[0] * SPEED.get(column, 100) // (share[1] * 100)}
        for column in COLUMNS
        if (value := cells[unit, column]) is not None
    ]
