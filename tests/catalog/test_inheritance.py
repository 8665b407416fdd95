"""What is inherited is never loosened, and what a change above would override is told before it is adopted."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalog.rules.local_terms import effects, first_loosened, in_effect
from services.catalog.rules.time_limits import TimeLimits
from services.catalog.rules.wordings import read
from tests.catalog.news import COUNTY, TOWN, VILLAGE
from tests.catalog.revising import Revising, adjustment, entry
from tests.catalog.test_levels import PROVINCE, put
from tests.platform import Platform, item

_DAYS = st.integers(0, 60)
_KINDS = [
    _DAYS.map("信息形成或者变更之日起{}个工作日内".format),
    _DAYS.map("信息形成或者变更之日起{}日内".format),
    st.integers(1, 6).map("信息形成或者变更之日起{}个月内".format),
    st.tuples(_DAYS, st.integers(1, 20)).map(lambda n: f"制定或获取信息之日起{n[0]}个工作日内,公示{n[1]}个工作日"),
    st.tuples(_DAYS, st.integers(1, 20)).map(lambda n: f"作出决定之日起{n[0]}个工作日内;经批准可延长{n[1]}个工作日"),
    st.integers(1, 28).map("每季度的首个月{}日".format),
    st.integers(1, 28).map("每年1月{}日前".format),
    st.integers(1, 40).map("每{}个工作日内更新".format),
    st.sampled_from(["及时公开", "长期公开", "每月公开一次", "每季度公开一次", "每年公开一次"]),
]
_LIMITS = st.one_of(_KINDS).map(read)
# Chains of one kind tighten and loosen each other; those of any kind are mostly not comparable.
_CHAINS = st.one_of(
    *(st.lists(kind.map(read), min_size=5, max_size=5) for kind in _KINDS), st.lists(_LIMITS, min_size=5, max_size=5)
)


@settings(max_examples=300, deadline=None)
@given(_CHAINS, st.sets(st.integers(0, 3)))
def test_what_holds_below_is_never_looser_than_anything_above(chain: list[TimeLimits], silent: set[int]) -> None:
    """Whatever province, county, town and village say: also what was let in before something above was tightened."""
    standard, *said = chain
    terms = [None if level in silent else limits for level, limits in enumerate(said)]
    assert not standard.unread
    held = [standard, *(in_effect(standard, terms[:level]) for level in range(1, 5))]
    for level, below in enumerate(held):
        for above in held[:level]:
            assert first_loosened(above, below) is None


@settings(max_examples=200, deadline=None)
@given(_CHAINS)
def test_what_is_told_to_be_overridden_has_no_effect(chain: list[TimeLimits]) -> None:
    now, then, *terms = chain
    line = (COUNTY, TOWN, VILLAGE)
    told = dict(effects(now, then, list(zip(line, terms, strict=True))))
    for level, region in enumerate(line):
        inherited, held = in_effect(then, terms[:level]), in_effect(then, terms[: level + 1])
        if told.get(region) == "overridden":
            assert held == inherited
        elif told.get(region) == "redundant":
            assert first_loosened(held, inherited) is None


def test_a_change_tells_what_it_changes() -> None:
    year, quarter, month = map(read, ("每年公开一次", "每季度公开一次", "每月公开一次"))
    terms = [(COUNTY, quarter), (TOWN, month), (VILLAGE, None)]
    assert effects(year, quarter, terms) == [(COUNTY, "redundant")]
    assert effects(year, month, terms) == [(COUNTY, "overridden"), (TOWN, "redundant")]
    assert effects(year, year, terms) == []
    assert effects(year, None, terms) == [(COUNTY, "ended"), (TOWN, "ended"), (VILLAGE, "ended")]
    # What has no effect already is not told again.
    assert effects(month, month, terms) == []


async def overrides(platform: Platform, path: str, **params: str) -> list[tuple[str, str, str]]:
    """Item, region and effect of what a change would override."""
    headers = platform.token("reviewer", region=PROVINCE)
    answer = await platform.client.get(f"/catalog/{path}", params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    return [(one["item"], one["region"], one["effect"]) for one in answer.json()["items"]]


async def test_a_revision_shows_what_it_would_override_before_it_is_adopted(seeded: Platform) -> None:
    for code in ("77001", "77002"):
        yearly = entry(code, "77", time_limit="每年公开一次")
        said = {k: v for k, v in yearly.items() if k not in ("code", "version")}
        await put(seeded, f"items/{code}", said, COUNTY)
        for region, wording in ((COUNTY, "每季度公开一次"), (TOWN, "每月公开一次")):
            terms = {"time_limit": wording, "responsible_body": None}
            assert (await put(seeded, f"items/{code}/terms/{region}", terms, COUNTY)).status_code == 201
    change = adjustment("change", ["77001"], [entry("77001", "77", 1, time_limit="每月公开一次")])
    revising = await Revising.begin(seeded, "77", change, adjustment("retire", ["77002"], []))
    assert (await seeded.client.get("/catalog/revisions/R77/overrides")).status_code == 404
    told = [
        ("77001", COUNTY, "overridden"),
        ("77001", TOWN, "redundant"),
        ("77002", COUNTY, "ended"),
        ("77002", TOWN, "ended"),
    ]
    assert await overrides(seeded, "desk/revisions/R77/overrides") == told
    await revising.until("consulting")
    assert await overrides(seeded, "revisions/R77/overrides") == told
    assert await overrides(seeded, "revisions/R77/overrides", region=TOWN) == [told[1], told[3]]
    shown = (await seeded.client.get("/catalog/revisions/R77/overrides")).json()
    assert (shown["items"][0]["time_limit"], shown["items"][0]["new_time_limit"]) == ("每季度公开一次", "每月公开一次")
    assert shown["more"] is False


async def test_a_limit_can_be_tried_before_it_is_put(seeded: Platform) -> None:
    yearly = {**item("77", "领域77"), "time_limit": "每年公开一次", "levels": ["village"]}
    await put(seeded, "items/77001", yearly, COUNTY)
    for region in (COUNTY, TOWN, VILLAGE):
        terms = {"time_limit": "每季度公开一次" if region != COUNTY else None, "responsible_body": None}
        await put(seeded, f"items/77001/terms/{region}", terms, COUNTY)
    tried = {"time_limit": "每月公开一次"}
    assert await overrides(seeded, "items/77001/overrides", **tried) == [
        ("77001", TOWN, "overridden"),
        ("77001", VILLAGE, "overridden"),
    ]
    assert await overrides(seeded, "items/77001/overrides", **tried, region=TOWN) == [("77001", VILLAGE, "overridden")]
    assert await overrides(seeded, "items/77001/overrides", time_limit="每年公开一次") == []
    assert (await seeded.client.get("/catalog/items/99999/overrides", params=tried)).status_code == 404
