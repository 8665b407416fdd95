"""What a change of the catalog would override below: told before it is adopted (三级四同)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.catalog.rules.local_terms import Effect, effects
from services.catalog.rules.revisions import Adjustment, entries_of, retired_by
from services.catalog.rules.time_limits import TimeLimits
from services.catalog.rules.wordings import read


@dataclass(frozen=True)
class Terms:
    """The limit that a region has of an item, as it is kept; None when it names only its own body."""

    region: str
    time_limit: str | None
    limits: TimeLimits | None
    responsible_body: str | None = None


@dataclass(frozen=True)
class Override:
    """Local terms that a change takes the effect from."""

    item: str
    region: str
    effect: Effect
    time_limit: str | None
    new_time_limit: str | None
    responsible_body: str | None = None


def by_revision(
    adjustments: Sequence[Adjustment], standard: Mapping[str, TimeLimits], terms: Mapping[str, Sequence[Terms]]
) -> list[Override]:
    """Those of a revision: of the items that it changes, and of those that it retires, by item and region."""
    worded: dict[str, str | None] = {entry.code: entry.time_limit for entry in entries_of(adjustments)}
    worded |= dict.fromkeys(retired_by(adjustments))
    return [
        found
        for code in sorted(worded.keys() & standard.keys() & terms.keys())
        for found in of_item(code, standard[code], worded[code], terms[code])
    ]


def of_item(item: str, now: TimeLimits, wording: str | None, terms: Iterable[Terms]) -> Iterator[Override]:
    """Those of one item whose limits would be read from `wording`, or which would be retired. `terms` by region."""
    kept = {one.region: one for one in sorted(terms, key=lambda one: one.region)}
    then = read(wording) if wording is not None else None
    for region, effect in effects(now, then, [(code, one.limits) for code, one in kept.items()]):
        yield Override(item, region, effect, kept[region].time_limit, wording, kept[region].responsible_body)
