"""The golden table of the targets design §7.1: I01 at the end of June 2017, hypothetical figures."""

from typing import NamedTuple


class June(NamedTuple):
    """One row; gaps and levels for the linear and for the seasonal curve."""

    unit: str
    target: int
    actual: int
    completion: str
    gap_linear: str
    level_linear: str
    gap_seasonal: str
    level_seasonal: str
    rank: int | None
    needed_per_month: str | None


JUNE = [
    June("ZZ01", 7000, 3710, "53.00", "3.00", "GREEN", "-1.00", "BLUE", 8, "548.3"),
    June("ZZ02", 5500, 2750, "50.00", "0.00", "GREEN", "-4.00", "BLUE", 9, "458.3"),
    June("ZZ03", 6500, 3900, "60.00", "10.00", "GREEN", "6.00", "GREEN", 4, "433.3"),
    June("ZZ04", 6000, 2580, "43.00", "-7.00", "YELLOW", "-11.00", "ORANGE", 13, "570.0"),
    June("ZZ05", 2700, 1350, "50.00", "0.00", "GREEN", "-4.00", "BLUE", 9, "225.0"),
    June("ZZ06", 2700, 1485, "55.00", "5.00", "GREEN", "1.00", "GREEN", 6, "202.5"),
    June("ZZ07", 28000, 15120, "54.00", "4.00", "GREEN", "0.00", "GREEN", 7, "2146.7"),
    June("ZZ08", 21800, 10682, "49.00", "-1.00", "BLUE", "-5.00", "BLUE", 11, "1853.0"),
    June("ZZ09", 21800, 12208, "56.00", "6.00", "GREEN", "2.00", "GREEN", 5, "1598.7"),
    June("ZZ10", 15000, 6300, "42.00", "-8.00", "YELLOW", "-12.00", "ORANGE", 14, "1450.0"),
    June("ZZ11", 3000, 1350, "45.00", "-5.00", "BLUE", "-9.00", "YELLOW", 12, "275.0"),
    June("ZZ12", 2000, 1300, "65.00", "15.00", "GREEN", "11.00", "GREEN", 2, "116.7"),
    June("ZZ13", 2000, 1300, "65.00", "15.00", "GREEN", "11.00", "GREEN", 2, "116.7"),
    June("ZZ14", 3000, 2040, "68.00", "18.00", "GREEN", "14.00", "GREEN", 1, "160.0"),
    June("ZZ15", 3000, 1020, "34.00", "-16.00", "ORANGE", "-20.00", "ORANGE", 15, "330.0"),
]
CITY_JUNE = June("ZZ", 130000, 67095, "51.61", "1.61", "GREEN", "-2.39", "BLUE", None, None)
