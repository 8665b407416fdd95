"""Who keeps which items (三级四同): the province the standard, a county what it adds for itself and those below.

Codes tell the two apart. Behind the code of its field an item of the standard has the serials of its first and second
level, three digits each; those from 900 on are reserved for counties, as provinces that code their items reserve a
range for local additions. Where no province is in the tree of regions, counties keep the whole catalog themselves.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from libs.common import regions
from libs.common.errors import Forbidden, Malformed, UnknownReference
from libs.common.regions import Level

_SERIALS = re.compile(r"([0-9])[0-9]{2}([0-9])[0-9]{2}")

FIRST_RESERVED = 900
"""The first of the serials of three digits that are reserved."""


def is_reserved(field: str, code: str) -> bool:
    """Whether a code is of the range for local items: its first or its second serial is 900 or more."""
    serials = _SERIALS.fullmatch(code.removeprefix(field)) if code.startswith(field) else None
    return serials is not None and "9" in serials.groups()


@dataclass(frozen=True)
class Keeper:
    """What an administrator of `region` keeps. `tree`: those regions that are kept of `region` and all provinces."""

    region: str
    tree: Collection[str]

    @property
    def of_standard(self) -> bool:
        """Whether it is the standard: the province's to keep, or a county's where there is no province."""
        return self.region in self._provinces or not self._provinces

    def check_standard(self) -> None:
        """Raise Forbidden for a county that has a province above it."""
        if not self.of_standard:
            raise Forbidden("标准目录由省级编制和修订,县级不能修改。")

    def owner(self, field: str, code: str, *, there: bool, kept_by: str | None) -> str | None:
        """Who keeps an item once it is put: a county, or None for the standard.

        `there`: it is in the catalog, and `kept_by` its county or None. Raises Forbidden for what is not this
        administrator's to keep, Malformed for a code of the standard in the reserved range.
        """
        if not self._provinces or (there and self.of_standard):
            return kept_by
        if self.of_standard:
            if is_reserved(field, code):
                raise Malformed(f"序号 {FIRST_RESERVED} 至 999 为县级本地事项预留。", field="path.code")
            return None
        if there and kept_by is None:
            raise Forbidden("标准目录由省级编制,县级可以收紧时限、明确本地公开主体,不能修改事项。", field="path.code")
        if not there and not is_reserved(field, code):
            raise Forbidden(
                f"标准目录由省级编制;县级增加本地事项,编码中的序号应在 {FIRST_RESERVED} 至 999 之间。",
                field="path.code",
            )
        if self.region not in self.tree:
            raise UnknownReference("本行政区划尚未建立,不能增加本地事项。", field="path.code")
        return kept_by or self.region

    def check_field(self, known: bool) -> None:
        """Raise Forbidden when a county below a province would open a field: fields are of the standard."""
        if not known and not self.of_standard:
            raise Forbidden("领域由省级设立,县级在已有领域内增加本地事项。")

    @property
    def _provinces(self) -> list[str]:
        return [code for code in self.tree if regions.level(code) is Level.province]


def concerns(kept_by: str | None, region: str) -> bool:
    """Whether an item is of the catalog of a region: the standard is of all, a local item of its county and below."""
    return kept_by is None or regions.within(region, kept_by)


def check_owed(region: str, kept_by: str | None, *, at: tuple[str, str] = ("path.region", "path.code")) -> None:
    """Insist that a region may owe an item. `at`: where the region and the item stand in the request.

    Raises Malformed for a province, for which the catalog has nothing to publish; UnknownReference for the local item
    of another county.
    """
    if regions.level(region) is Level.province:
        raise Malformed("省级不承担目录事项的公开,请填写县、乡、村。", field=at[0])
    if not concerns(kept_by, region):
        raise UnknownReference("该事项是其他县的本地事项。", field=at[1])
