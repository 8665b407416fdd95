"""What a region makes of an item for itself and those below (三级四同): it inherits, may tighten, and never loosens.

One code, one name, one standard at every level; a county, town or village may promise to be quicker, and names its own
body. Terms that are looser than those above have no effect: a change above flows down by itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Literal

from pydantic import Field

from libs.common import regions
from libs.common.errors import Malformed
from libs.common.fields import Body, Code, Title
from services.catalog.rules.time_limits import Limit, Recurrence, Span, TimeLimits, Unit
from services.catalog.rules.wordings import read

Effect = Literal["overridden", "redundant", "ended"]
"""What may become of local terms: looser than what comes above, and so without effect; no tighter than it; the item is
retired, and they with it."""

_SOME_YEARS = (date(2027, 1, 1), date(2028, 12, 31))


class LocalTermsContent(Body):
    """What a region says of an item; what is null is as it is above."""

    time_limit: Title | None = Field(
        description="公开时限 as worded; no part of it looser than above.",
        examples=["信息形成或者变更之日起10个工作日内"],
    )
    responsible_body: Title | None = Field(description="公开主体 of this region.", examples=["晨曦镇社会事务办公室"])
    organisations: list[Code] = Field(
        [],
        max_length=60,
        description="Bodies of this very region that each owe the item, by code; none: the region owes it as one.",
        examples=[[]],
    )


def check_tightens(inherited: TimeLimits, wording: str) -> TimeLimits:
    """The limits of `wording`. Raises Malformed when they are not understood, or looser than what is inherited."""
    limits = read(wording)
    if limits.unread or inherited.unread:
        raise Malformed("该时限的表述无法识别,不能判断是否比上级更严。", field="body.time_limit")
    if loosened := first_loosened(inherited, limits):
        raise Malformed(f"不能比上级规定宽松:“{loosened.wording}”。", field="body.time_limit")
    return limits


def in_effect(standard: TimeLimits, terms: Iterable[TimeLimits | None]) -> TimeLimits:
    """The limits that hold at the end of a line of regions from the top: each counts when it loosens nothing above."""
    for limits in terms:
        if limits is not None and first_loosened(standard, limits) is None:
            standard = limits
    return standard


def effects(
    now: TimeLimits, then: TimeLimits | None, terms: Sequence[tuple[str, TimeLimits | None]]
) -> list[tuple[str, Effect]]:
    """What becomes of the terms of regions when the limits above change from `now` to `then`: those that it changes.

    `terms` by region, those above before those below; `then` None: the item is retired.
    """
    before = dict(_stand(now, terms))
    after: dict[str, Literal["holds"] | Effect] = {region: "ended" for region, _ in terms}
    if then is not None:
        after = dict(_stand(then, terms))
    return [(region, effect) for region, effect in after.items() if effect != "holds" and effect != before[region]]


def _stand(
    standard: TimeLimits, terms: Sequence[tuple[str, TimeLimits | None]]
) -> Iterator[tuple[str, Literal["holds"] | Effect]]:
    above: dict[str, TimeLimits] = {}
    for region, own in terms:
        if own is None:
            yield region, "holds"
            continue
        inherited = in_effect(standard, map(above.get, reversed(regions.ancestors(region))))
        above[region] = own
        if first_loosened(inherited, own):
            yield region, "overridden"
        else:
            yield region, "holds" if first_loosened(own, inherited) else "redundant"


def first_loosened(above: TimeLimits, below: TimeLimits) -> Limit | None:
    """The first limit above that nothing below keeps."""
    for limit in above.limits:
        if not any(_keeps(limit, other) for other in below.limits if other.subject in (None, limit.subject)):
            return limit
    return None


def _keeps(above: Limit, below: Limit) -> bool:
    """Whether who keeps `below` keeps `above`."""
    if above.within and not (
        below.within
        and (below.trigger, below.event) == (above.trigger, above.event)
        and _not_longer(below.within, above.within)
    ):
        return False
    if above.recurrence and not (below.recurrence and _no_later(below.recurrence, above.recurrence)):
        return False
    if above.interval and not (below.interval and _not_longer(below.interval, above.interval)):
        return False
    if above.permanent and not below.permanent:
        return False
    if above.display and not (below.display and _not_longer(above.display, below.display)):
        return False
    if below.take_down and not (above.take_down and _not_longer(above.take_down, below.take_down)):
        return False
    return not below.extension or bool(above.extension and _not_longer(below.extension, above.extension))


def _not_longer(one: Span, other: Span) -> bool:
    if one.unit is other.unit or not one.amount:
        return one.amount <= other.amount
    return _days(one)[1] <= _days(other)[0]


def _days(span: Span) -> tuple[int, int]:
    """How many days a span has at least and at most, whatever the calendar: long holidays stretch working days."""
    n = span.amount
    if span.unit is Unit.WORKDAY:
        return n, 2 * n + 10
    least, most = {Unit.DAY: (1, 1), Unit.MONTH: (28, 31), Unit.YEAR: (365, 366)}[span.unit]
    return least * n, most * n


def _no_later(below: Recurrence, above: Recurrence) -> bool:
    """Whether in each period above something is due below, and no later."""
    first, last = _SOME_YEARS
    due = list(below.dates(first - timedelta(366), last))
    return all(any(start <= begun and by <= limit for begun, by in due) for start, limit in above.dates(first, last))
