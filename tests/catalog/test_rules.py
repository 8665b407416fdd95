"""The rules of catalog, case by case."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from libs.common.errors import Forbidden, Malformed, Refusal, StaleVersion, VersionRequired
from libs.common.permission import Actor, Role
from services.catalog import rules
from services.catalog.rules import items
from tests.platform import item

PROVINCE = "990000000000"
COUNTY, TOWN, VILLAGE = "990001000000", "990001101000", "990001101201"


@pytest.mark.parametrize(
    ("code", "level", "parent", "has_province"),
    [
        (PROVINCE, "province", None, False),
        (COUNTY, "county", None, False),
        (COUNTY, "county", PROVINCE, True),
        (COUNTY, "county", PROVINCE, False),  # whether it is there is another question
        (TOWN, "town", COUNTY, True),
        (VILLAGE, "village", TOWN, True),
        ("441900003000", "town", None, False),  # 东莞: a city without counties
        ("441900003000", "town", "440000000000", True),
    ],
)
def test_a_region_says_what_its_code_tells(code: str, level: Any, parent: str | None, has_province: bool) -> None:
    rules.check_region(code, rules.RegionContent(name="某地", level=level, parent=parent), has_province=has_province)


@pytest.mark.parametrize(
    ("code", "level", "parent", "field"),
    [
        (PROVINCE, "county", None, "body.level"),
        (PROVINCE, "province", PROVINCE, "body.parent"),
        (COUNTY, "county", None, "body.parent"),  # its province is kept
        (TOWN, "county", None, "body.level"),
        (TOWN, "town", None, "body.parent"),
        (TOWN, "town", "990002000000", "body.parent"),
        (VILLAGE, "village", COUNTY, "body.parent"),
        (VILLAGE, "village", "990001102000", "body.parent"),
        (COUNTY, "county", "980000000000", "body.parent"),
        (TOWN, "town", PROVINCE, "body.parent"),
        (COUNTY, "county", COUNTY, "body.parent"),
    ],
)
def test_a_region_at_odds_with_its_code_is_refused(code: str, level: Any, parent: str | None, field: str) -> None:
    with pytest.raises(Malformed) as refused:
        rules.check_region(code, rules.RegionContent(name="某地", level=level, parent=parent), has_province=True)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "uscc",
    ["", "11990001MB00000116", "11990001mb00000115", "1199000 1MB0000011", "11990001MB0000011", "１" * 18],
)
def test_a_credit_code_must_add_up(uscc: str) -> None:
    content = {"name": "阳光县人民政府", "short_name": "县政府", "uscc": uscc, "region": COUNTY}
    with pytest.raises(ValidationError, match="统一社会信用代码"):
        rules.OrganisationContent.model_validate(content)
    rules.OrganisationContent.model_validate({**content, "uscc": "11990001MB00000115"})


@pytest.mark.parametrize(
    ("phone", "fits"), [("0990-6100001", True), ("12345", True), ("13800138000", False), ("电话", False)]
)
def test_a_phone_is_that_of_an_office(phone: str, fits: bool) -> None:
    content = {**item("03", "义务教育"), "enquiry_phone": phone}
    if fits:
        assert items.ItemContent.model_validate(content).enquiry_phone == phone
    else:
        with pytest.raises(ValidationError, match="enquiry_phone"):
            items.ItemContent.model_validate(content)


def test_levels_are_a_set_from_the_top() -> None:
    content = {**item("03", "义务教育"), "levels": ["village", "county", "village"]}
    assert items.ItemContent.model_validate(content).levels == ["county", "village"]


@pytest.mark.parametrize("bad", [{"levels": []}, {"levels": ["city"]}, {"channels": []}, {"time_limit": " "}])
def test_an_item_is_whole(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        items.ItemContent.model_validate({**item("03", "义务教育"), **bad})


@pytest.mark.parametrize(
    ("audience", "group", "fits"),
    [("all", None, True), ("specific", "本村村民", True), ("all", "本村村民", False), ("specific", None, False)],
)
def test_a_group_is_named_for_a_specific_audience(audience: str, group: str | None, fits: bool) -> None:
    changes = {"audience": audience, "audience_group": group}
    content = items.ItemContent.model_validate({**item("03", "义务教育"), **changes})
    assert _refusal(lambda: items.check_item(content)) is (None if fits else Malformed)


@pytest.mark.parametrize(
    ("version", "seen", "refusal"),
    [
        (None, None, None),
        (3, 3, None),
        (3, None, VersionRequired),
        (3, 2, StaleVersion),
        (None, 1, StaleVersion),
    ],
)
def test_a_change_names_the_version_that_it_saw(
    version: int | None, seen: int | None, refusal: type[Refusal] | None
) -> None:
    assert _refusal(lambda: rules.check_seen(version, seen)) is refusal


@pytest.mark.parametrize(("region", "refusal"), [(COUNTY, None), ("990000000000", None), (TOWN, Forbidden)])
def test_the_county_keeps_the_catalog(region: str, refusal: type[Refusal] | None) -> None:
    actor = Actor("a", "a", frozenset({Role.ADMINISTRATOR}), region)
    assert _refusal(lambda: rules.check_keeps_catalog(actor)) is refusal


@pytest.mark.parametrize(
    ("given", "others", "refusal"),
    [("教育", True, items.FieldNameDiffers), ("教育", False, None), ("义务教育", True, None)],
)
def test_a_field_has_one_name(given: str, others: bool, refusal: type[Refusal] | None) -> None:
    asked = _refusal(lambda: items.check_field_name("义务教育", given, has_other_items=others))
    assert asked is refusal


def _refusal(ask: Callable[[], None]) -> type[Refusal] | None:
    try:
        ask()
    except Refusal as refused:
        return type(refused)
    return None
