"""A file of made-up events for the measurements: 15 % of the rows repeat a person, units and months vary."""

import random
from datetime import date, timedelta
from pathlib import Path

from kit.identifiers.citizen_id import check_character

_HEADER = "year,indicator,id_type,id_number,name,event_date,unit,source_system,source_ref,received_at,unemployed_on\n"
_FAMILY, _GIVEN = "王李张刘陈杨黄赵周吴徐孙马胡朱郭何罗高林", "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚桂英华玉兰"
_INDICATORS = ("I01", "I01", "I01", "I01a", "I02", "I02", "I03", "I04", "I05", "I05")


def write_events(path: Path, rows: int, part: int = 0) -> None:
    """The same file for the same numbers; each part has people and references of its own.

    Area 410199 is unassigned, so nobody is in it.
    """
    choose = random.Random(2017 + part)
    first = date(1958, 1, 1)
    people = max(1, int(rows * 0.85))
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(_HEADER)
        for n in range(rows):
            person = part * people + (n if n < people else choose.randrange(people))
            born = first + timedelta(days=person % 14_000)
            body = f"410199{born:%Y%m%d}{person // 14_000:03d}"
            name = _FAMILY[person % 20] + _GIVEN[person // 20 % 25] + _GIVEN[person // 500 % 25]
            day = date(2017, 1, 1) + timedelta(days=choose.randrange(365))
            unit = f"ZZ{1 + choose.randrange(15):02d}"
            indicator = _INDICATORS[choose.randrange(10)]
            unemployed_on = "2016-11-20" if indicator == "I01a" else ""
            out.write(
                f"2017,{indicator},RESIDENT_ID,{body}{check_character(body)},{name},{day},{unit},"
                f"hr-registration,ZZ-2017-{part * rows + n:09d},2018-01-0{1 + n % 9}T00:00:00Z,{unemployed_on}\n"
            )
