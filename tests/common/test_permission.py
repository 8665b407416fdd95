"""Who may do what: denied unless action, role, region, organisation and state all say yes."""

from itertools import product

import pytest

from libs.common.errors import Forbidden, WrongState
from libs.common.permission import Actor, Grants, Role, Verdict, decide, grant, permit
from services.registry import ALL

COUNTY, TOWN, OTHER_TOWN = "990001000000", "990001101000", "990001102000"
VILLAGE, OTHER_COUNTY = "990001101201", "990002000000"
GRANTS: Grants = {
    "thing.write": grant(Role.EDITOR, Role.REVIEWER, states={"draft"}),
    "thing.read": grant(Role.AUDITOR),
    "thing.nobody": grant(),
    "thing.never": grant(Role.EDITOR, states=set()),
}
PATH = ("990001-jy", "990001-zf")  # a bureau and the government above it


def actor(*roles: Role, region: str = COUNTY, organisation: str | None = None) -> Actor:
    """Somebody."""
    return Actor("somebody", "", frozenset(roles), region, organisation)


@pytest.mark.parametrize(
    ("own", "thing", "allowed"),
    [
        (COUNTY, COUNTY, True),
        (COUNTY, TOWN, True),
        (COUNTY, VILLAGE, True),
        (TOWN, TOWN, True),
        (TOWN, VILLAGE, True),
        (TOWN, COUNTY, False),
        (TOWN, OTHER_TOWN, False),
        (OTHER_TOWN, VILLAGE, False),
        (VILLAGE, VILLAGE, True),
        (VILLAGE, TOWN, False),
        (VILLAGE, "990001101202", False),
        (OTHER_COUNTY, COUNTY, False),
        (COUNTY, OTHER_COUNTY, False),
        ("990000000000", VILLAGE, True),
    ],
)
def test_a_region_covers_itself_and_what_is_below(own: str, thing: str, allowed: bool) -> None:
    verdict = decide(GRANTS, actor(Role.AUDITOR, region=own), "thing.read", region=thing, organisations=(), state=None)
    assert verdict is (Verdict.ALLOWED if allowed else Verdict.FORBIDDEN)


@pytest.mark.parametrize(
    ("own", "path", "allowed"),
    [
        (None, PATH, True),
        (None, (), True),
        ("990001-jy", PATH, True),
        ("990001-zf", PATH, True),
        ("990001-jy", ("990001-zf",), False),
        ("990001-cz", PATH, False),
        ("", PATH, False),
        ("990001", PATH, False),
        ("990001-jy", (), True),  # a thing of no organisation: the region alone decides
    ],
)
def test_an_organisation_covers_itself_and_what_is_below(own: str | None, path: tuple[str, ...], allowed: bool) -> None:
    who = actor(Role.AUDITOR, organisation=own)
    verdict = decide(GRANTS, who, "thing.read", region=COUNTY, organisations=path, state=None)
    assert verdict is (Verdict.ALLOWED if allowed else Verdict.FORBIDDEN)


@pytest.mark.parametrize(
    ("action", "state", "verdict"),
    [
        ("thing.write", "draft", Verdict.ALLOWED),
        ("thing.write", "published", Verdict.WRONG_STATE),
        ("thing.write", None, Verdict.WRONG_STATE),
        ("thing.read", "draft", Verdict.FORBIDDEN),
        ("thing.never", "draft", Verdict.WRONG_STATE),
        ("thing.nobody", "draft", Verdict.FORBIDDEN),
        ("thing.unheard_of", "draft", Verdict.FORBIDDEN),
        ("", "draft", Verdict.FORBIDDEN),
        ("THING.WRITE", "draft", Verdict.FORBIDDEN),
    ],
)
def test_the_state_must_fit_the_action(action: str, state: str | None, verdict: Verdict) -> None:
    who = actor(Role.EDITOR, Role.REVIEWER)
    assert decide(GRANTS, who, action, region=TOWN, organisations=PATH, state=state) is verdict


def test_exactly_one_combination_in_the_whole_table_is_allowed() -> None:
    roles, regions, own = tuple(Role), (TOWN, OTHER_TOWN), ("990001-jy", "990001-cz")
    states, actions = ("draft", "published"), ("thing.write", "thing.delete")
    allowed = [
        row
        for row in product(actions, roles, regions, own, states)
        if decide(
            GRANTS,
            actor(row[1], region=row[2], organisation=row[3]),
            row[0],
            region=VILLAGE,
            organisations=PATH,
            state=row[4],
        )
        is Verdict.ALLOWED
    ]
    assert allowed == [("thing.write", role, TOWN, "990001-jy", "draft") for role in (Role.EDITOR, Role.REVIEWER)]


def test_who_is_not_allowed_does_not_learn_the_state() -> None:
    who = actor(Role.AUDITOR)
    with pytest.raises(Forbidden) as refused:
        permit(GRANTS, who, "thing.write", region=TOWN, state="published")
    assert refused.value.facts == {"action": "thing.write"}


def test_permit_says_what_is_in_the_way() -> None:
    who = actor(Role.EDITOR)
    permit(GRANTS, who, "thing.write", region=TOWN, state="draft")
    with pytest.raises(WrongState) as refused:
        permit(GRANTS, who, "thing.write", region=TOWN, state="published")
    assert refused.value.facts == {"state": "published", "action": "thing.write"}


def test_nobody_without_a_role_may_do_anything_in_any_service() -> None:
    for service in ALL:
        for action, given in service.grants.items():
            assert given.roles, f"{action} is granted to nobody"
            for state in (None, *(given.states or ())):
                verdict = decide(service.grants, actor(), action, region=COUNTY, organisations=(), state=state)
                assert verdict is Verdict.FORBIDDEN, action
