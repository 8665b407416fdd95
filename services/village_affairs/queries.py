"""The read side: the statements, and the cards of the boards.

A card is made once, when its entry goes on a board, and served from there as it is.
"""

from uuid import UUID

from libs.common import regions

# Regions are ranges of village codes, so one statement on the primary key serves all of them.
VILLAGES = "select code, name, town, county from village where code > $1 and code <= $2 order by code limit $3"
VILLAGE = "select code, name, town, county from village where code = $1"

NOTICE = """
select n.*, v.name as village_name from notice n left join village v on v.code = n.village
where n.id = $1
"""
WORK = """
select n.*, v.name as village_name from notice n left join village v on v.code = n.village
where n.village = $1 and ($2::text is null or n.state = $2) and ($3::uuid is null or n.id < $3)
order by n.id desc limit $4
"""

_DIGITS = {level: digits for digits, level in zip((2, 4, 6, 9, 12), regions.Level, strict=True)}


def last_code_within(region: str) -> str:
    """The greatest code that lies within a region."""
    return region[: _DIGITS[regions.level(region)]].ljust(12, "9")


def notice_path(notice: UUID) -> str:
    """Where the page of a notice is."""
    return f"/village-affairs/notices/{notice}"
