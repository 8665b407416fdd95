"""Division codes: their forms, levels and ancestors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from libs.common.regions import (
    Level,
    RegionCode,
    ancestors,
    county,
    level,
    parent,
    parse,
    province,
    subtree,
    town,
    within,
)

PROVINCE, COUNTY, TOWN, VILLAGE = "990000000000", "990001000000", "990001101000", "990001101201"
CITY_COUNTY = "370402000000"
DONGGUAN, DONGGUAN_TOWN = "441900000000", "441900003000"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("99", PROVINCE),
        ("3704", "370400000000"),
        ("990001", COUNTY),
        ("990001101", TOWN),
        (VILLAGE, VILLAGE),
        ("990000", PROVINCE),
        (" 990001\n", COUNTY),
        ("441900003", DONGGUAN_TOWN),
    ],
)
def test_short_forms_are_padded(text: str, code: str) -> None:
    assert parse(text) == code


@pytest.mark.parametrize(
    "text",
    ["", "9", "990", "99000", "9900011", "9900011012011", "99000a", "９９０００１", "٩٩", "9900 01", "-9"],
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="2、4、6、9 或 12 位"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("000001", "00 开头"), ("990001000201", "缺少所属乡镇"), ("990000101", "缺少所属市县")],
)
def test_codes_without_a_place_above_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse(text)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (PROVINCE, Level.province),
        ("370400000000", Level.city),
        (CITY_COUNTY, Level.county),
        (COUNTY, Level.county),
        (TOWN, Level.town),
        (DONGGUAN_TOWN, Level.town),
        (VILLAGE, Level.village),
        ("990001100200", Level.village),
        ("370400100000", Level.town),
        ("110100000000", Level.city),
        ("101000000000", Level.city),
    ],
)
def test_a_code_tells_its_level(code: str, expected: Level) -> None:
    assert level(code) == expected


def test_ancestors_come_nearest_first_and_skip_what_is_not_there() -> None:
    assert ancestors(VILLAGE) == (TOWN, COUNTY, PROVINCE)
    assert ancestors(CITY_COUNTY) == ("370400000000", "370000000000")
    assert ancestors(DONGGUAN_TOWN) == (DONGGUAN, "440000000000")
    assert ancestors(PROVINCE) == ()
    assert parent(TOWN) == COUNTY
    assert parent(PROVINCE) is None


def test_a_subtree_has_its_root_and_nothing_beside_it() -> None:
    assert within(VILLAGE, VILLAGE)
    assert within(VILLAGE, TOWN)
    assert within(VILLAGE, PROVINCE)
    assert within(DONGGUAN_TOWN, DONGGUAN)
    assert not within(TOWN, VILLAGE)
    assert not within("990002101000", COUNTY)
    assert not within("990001102201", TOWN)
    # A round ending of zeros belongs to the code: province 10 is not the whole of 1.
    assert not within("110000000000", "100000000000")
    assert not within("370411000000", "370410000000")
    assert not within("990001101000", "990001100000")


def test_county_and_town_of_a_place() -> None:
    assert county(VILLAGE) == county(COUNTY) == COUNTY
    assert county(PROVINCE) is None
    assert county(DONGGUAN_TOWN) is None
    assert town(VILLAGE) == town(TOWN) == TOWN
    assert town(COUNTY) is None


def test_every_place_has_a_province() -> None:
    assert province(VILLAGE) == province(COUNTY) == province(PROVINCE) == PROVINCE
    assert province(DONGGUAN_TOWN) == "440000000000"


def test_the_type_normalises_and_explains() -> None:
    code = TypeAdapter[str](RegionCode)
    assert code.validate_python("990001") == COUNTY
    with pytest.raises(ValidationError, match="2、4、6、9 或 12 位"):
        code.validate_python("abc")
    schema = code.json_schema()
    assert schema["description"]
    assert parse(schema["examples"][0]) == schema["examples"][0]
    assert schema["pattern"].startswith("^")


def part(width: int) -> st.SearchStrategy[str]:
    """The digits of one level, often a level that is not there."""
    return st.integers(0, 3).map(lambda number: str(number).zfill(width))


codes = (
    st.tuples(st.sampled_from(["10", "11", "99"]), part(2), part(2), part(3), part(3))
    .map("".join)
    .filter(lambda code: (code[9:] == "000" or code[6:9] != "000") and (code[6:9] == "000" or code[2:6] != "0000"))
)


@given(codes)
def test_every_code_lies_within_its_ancestors(code: str) -> None:
    assert parse(code) == code
    levels = list(Level)
    for above in ancestors(code):
        assert within(code, above)
        assert not within(above, code)
        assert levels.index(level(above)) < levels.index(level(code))
        assert parse(above) == above
    assert county(code) in (code, None, *ancestors(code))
    assert town(code) in (code, None, *ancestors(code))


@given(codes, codes)
def test_within_means_equal_or_below(code: str, root: str) -> None:
    assert within(code, root) == (root in (code, *ancestors(code)))
    low, high = subtree(root)
    assert within(code, root) == (low <= code <= high)
