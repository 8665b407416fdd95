"""Who keeps which items, and who owes them: the rules, without a database."""

import pytest

from libs.common.errors import Forbidden, Malformed, Refusal, UnknownReference
from services.catalog.rules.levels import Keeper, check_owed, concerns, is_reserved
from tests.catalog.news import COUNTY, TOWN, VILLAGE

PROVINCE, OTHER = "990000000000", "990002000000"


@pytest.mark.parametrize(
    ("field", "code", "reserved"),
    [
        ("03", "03001001", False),
        ("03", "03899899", False),
        ("03", "03900001", True),
        ("03", "03001900", True),
        ("03", "03999999", True),
        ("03", "04900001", False),  # of another field
        ("03", "0390001", False),
        ("03", "039000001", False),
        ("03", "03a00900", False),
        ("900", "900001001", False),  # the code of the field is no serial
        ("115", "115901001", True),
    ],
)
def test_the_reserved_range_stands_in_the_code(field: str, code: str, reserved: bool) -> None:
    assert is_reserved(field, code) is reserved


TREE = {PROVINCE, COUNTY}


@pytest.mark.parametrize(
    ("region", "tree", "code", "kept_by", "owner"),
    [
        # `kept_by`: "new" is not there yet.
        (PROVINCE, TREE, "03001001", "new", None),
        (PROVINCE, TREE, "03001001", None, None),
        (PROVINCE, TREE, "03900001", "new", Malformed),
        (PROVINCE, TREE, "03900001", None, None),  # a county's from before there was a province: the standard now
        (PROVINCE, TREE, "03900001", COUNTY, COUNTY),
        (COUNTY, TREE, "03900001", "new", COUNTY),
        (COUNTY, TREE, "03001901", "new", COUNTY),
        (COUNTY, TREE, "03900001", COUNTY, COUNTY),
        (COUNTY, TREE, "03001001", "new", Forbidden),
        (COUNTY, TREE, "03001001", None, Forbidden),
        (COUNTY, TREE, "03900001", None, Forbidden),
        (OTHER, TREE, "03900001", "new", UnknownReference),
        ("880000000000", TREE, "03001001", "new", Forbidden),  # a province that is not kept here
        # A county that runs alone keeps everything.
        (COUNTY, {COUNTY}, "03001001", "new", None),
        (COUNTY, {COUNTY}, "03900001", "new", None),
        (COUNTY, {COUNTY}, "03001001", None, None),
    ],
)
def test_who_keeps_an_item(
    region: str, tree: set[str], code: str, kept_by: str | None, owner: str | type[Refusal] | None
) -> None:
    keeper = Keeper(region, tree)
    there, by = kept_by != "new", None if kept_by == "new" else kept_by
    if isinstance(owner, type):
        with pytest.raises(owner):
            keeper.owner("03", code, there=there, kept_by=by)
    else:
        assert keeper.owner("03", code, there=there, kept_by=by) == owner


def test_a_local_item_is_owed_in_its_county_and_below() -> None:
    assert [concerns(COUNTY, region) for region in (PROVINCE, COUNTY, TOWN, VILLAGE, OTHER)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert concerns(None, OTHER)
    check_owed(VILLAGE, COUNTY)
    with pytest.raises(UnknownReference):
        check_owed(OTHER, COUNTY)
    with pytest.raises(Malformed):
        check_owed(PROVINCE, None)
