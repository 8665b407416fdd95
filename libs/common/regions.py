"""Administrative division codes of 12 digits.

Two digits each for province, prefecture and county (GB/T 2260), three for town (GB/T 10114) and three for the
village or residents' committee (code of the National Bureau of Statistics), padded with zeros on the right. A
code tells its own level and ancestors. Some places skip a level (a county without a prefecture, a prefecture
such as Dongguan without counties); that ancestor is then left out.

Every function but `parse` expects a code that `parse` has returned.
"""

import re
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, Field

_SHAPE = r"([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})"
_shape = re.compile(_SHAPE)


class Level(StrEnum):
    """The five levels of administrative divisions, from the top."""

    province = "province"
    city = "city"
    county = "county"
    town = "town"
    village = "village"


# Each level with the place of its digits.
_LOWEST_FIRST = (
    (Level.village, 9, 12),
    (Level.town, 6, 9),
    (Level.county, 4, 6),
    (Level.city, 2, 4),
    (Level.province, 0, 2),
)


def parse(text: str) -> str:
    """The 12-digit code for what a person or a neighbour wrote: 2, 4, 6, 9 or 12 digits.

    Raises ValueError with a sentence that says what is wrong. Whether the division exists is not asked here.
    """
    text = text.strip()
    if not _shape.fullmatch(text):
        raise ValueError("行政区划代码应为 2、4、6、9 或 12 位数字。")
    code = text.ljust(12, "0")
    if code[:2] == "00":
        raise ValueError("行政区划代码不能以 00 开头。")
    if code[9:] != "000" and code[6:9] == "000":
        raise ValueError("村的代码缺少所属乡镇(第 7 至 9 位为 000)。")
    if code[6:9] != "000" and code[2:6] == "0000":
        raise ValueError("乡镇的代码缺少所属市县(第 3 至 6 位为 0000)。")
    return code


def level(code: str) -> Level:
    """The level of a division: that of its last digits that are not zero."""
    for name, start, end in _LOWEST_FIRST:
        if code[start:end].strip("0"):
            return name
    raise ValueError("A region code cannot be all zeros.")


@lru_cache(maxsize=16_384)
def ancestors(code: str) -> tuple[str, ...]:
    """The divisions above, nearest first; levels that the place skips are left out."""
    own = len(_digits(code))
    return tuple(
        code[:end].ljust(12, "0") for _, start, end in _LOWEST_FIRST if end < own and code[start:end].strip("0")
    )


def parent(code: str) -> str | None:
    """The division right above, or None for a province."""
    above = ancestors(code)
    return above[0] if above else None


def within(code: str, root: str) -> bool:
    """Whether the division is `root` or lies below it."""
    return code.startswith(_digits(root))


def subtree(root: str) -> tuple[str, str]:
    """The lowest and the highest code of the division and all below it: codes between them sort inside it."""
    digits = _digits(root)
    return root, digits.ljust(12, "9")


def province(code: str) -> str:
    """The province that the division is or belongs to."""
    return code[:2] + "0000000000"


def county(code: str) -> str | None:
    """The county that the division is or belongs to, or None above counties and where there are none."""
    return code[:6] + "000000" if code[4:6] != "00" else None


def town(code: str) -> str | None:
    """The town that the division is or belongs to, or None above towns."""
    return code[:9] + "000" if code[6:9] != "000" else None


@lru_cache(maxsize=16_384)
def _digits(code: str) -> str:
    """The digits down to the level of the code, without the padding."""
    for _, start, end in _LOWEST_FIRST:
        if code[start:end].strip("0"):
            return code[:end]
    return code


RegionCode = Annotated[
    str,
    AfterValidator(parse),
    Field(
        description="Administrative division code; 2, 4, 6, 9 or 12 digits are read, 12 are answered.",
        examples=["990001101000"],
        json_schema_extra={"pattern": f"^{_SHAPE}$"},
    ),
]
"""A division code in a request, an event or an answer; validated and brought to 12 digits."""
