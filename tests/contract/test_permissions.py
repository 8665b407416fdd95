"""Everything is denied by default: every route × role × region × organisation, from two tables of rows.

A route that is in none of them fails, and so does one that lets in anybody whom its row does not name.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import product
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from libs.common.app import service_app
from libs.common.permission import Role
from services import NAMES
from services.registry import ALL
from tests.contract.forged import signed
from tests.contract.ledger import everything
from tests.contract.reads import ANSWERED, OPERATIONS, PUBLIC, READS, TRIES, Read
from tests.contract.rows import ACTS, Act, Place
from tests.platform import Platform

NEVER_SEEN = 999_999
"""A version that nothing has: whoever may act is told so (412), and nothing happens."""

Relation = tuple[str, str, str | None]
"""A role, and how a caller's region and organisation relate to the thing."""


async def test_every_route_has_a_row(platform: Platform) -> None:
    found = set()
    for service in ALL:
        for route in iter_route_contexts(service_app(service, platform.resources).routes):
            found |= {(method, f"/{service.slug}{route.path}") for method in (route.methods or {"ANY"}) - {"HEAD"}}
    rows = {(act.method, act.route) for act in ACTS} | {("GET", read.route) for read in READS}
    public = {("GET", path) for path in PUBLIC}
    operations = {("GET", f"/{service.slug}{path}") for service in ALL for path in OPERATIONS}
    tries = {("POST", path) for path in TRIES}
    assert found == rows | public | operations | tries
    assert not public & rows


def test_every_grant_has_a_row() -> None:
    """A role that a service grants something to stands in some row of it, and no other does."""
    for service in ALL:
        granted = {role for grant in service.grants.values() for role in grant.roles}
        rows: list[Act | Read] = [*ACTS, *READS]
        named = {role for row in rows if row.service == service.name for role in row.roles}
        assert named == granted


class Desk:
    """Tokens, each signed once."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._made: dict[tuple[str, str, str | None], dict[str, str]] = {}

    def token(self, place: Place, role: str, region: str, organisation: str | None) -> Mapping[str, str]:
        """The headers of somebody with this relation to a thing of `place`."""
        who = (role, place.regions[region], None if organisation is None else place.organisations[organisation])
        if who not in self._made:
            self._made[who] = self._platform.token(role, region=who[1], organisation=who[2])
        return self._made[who]


def relations(place: Place, roles: Collection[str]) -> Iterator[Relation]:
    """Every combination of role, region and organisation; whoever lacks the role is asked once per region."""
    for role, region, organisation in product(Role, place.regions, (None, *place.organisations)):
        if role in roles or organisation is None:
            yield str(role), region, organisation


@pytest.mark.parametrize("service", NAMES)
async def test_acts(seeded: Platform, subtests: pytest.Subtests, service: str) -> None:
    desk = Desk(seeded)
    for act in ACTS:
        if act.service == service and act.roles and not act.variant:
            with subtests.test(str(act)):
                await _check_act(seeded, desk, act)


async def _check_act(platform: Platform, desk: Desk, act: Act) -> None:
    thing = await act.prepare(platform)
    seen = None if thing.version is None else NEVER_SEEN
    expected, found = {}, {}
    before = await everything(platform)
    allowed = [r for r in relations(act.place, act.roles) if r[0] in act.roles and act.place.allows(*r[1:])]
    for relation in [r for r in relations(act.place, act.roles) if r not in allowed]:
        expected[relation] = 403
        found[relation] = (await act.send(platform, thing, desk.token(act.place, *relation), seen)).status_code
    assert (await act.send(platform, thing, {}, seen)).status_code == 401
    assert (await act.send(platform, thing, platform.token(), seen)).status_code == 403
    assert found == expected
    assert await everything(platform) == before
    assert allowed
    for relation in allowed:
        status = (await act.send(platform, thing, desk.token(act.place, *relation), seen)).status_code
        assert status in (act.allowed or ((201 if seen is None else 412),)), relation


@pytest.mark.parametrize("service", NAMES)
async def test_reads(seeded: Platform, subtests: pytest.Subtests, service: str) -> None:
    desk = Desk(seeded)
    for read in READS:
        if read.service == service:
            with subtests.test(str(read)):
                await _check_read(seeded, desk, read)


async def _check_read(platform: Platform, desk: Desk, read: Read) -> None:
    thing = await read.prepare(platform)
    expected, found = {}, {}
    for role, region, organisation in relations(read.place, read.roles):
        mine = role in read.roles and read.place.allows(region, organisation)
        denied = read.place_denied if role in read.roles else read.role_denied
        response = await read.send(platform, thing, desk.token(read.place, role, region, organisation))
        expected[role, region, organisation] = (ANSWERED if mine else denied, mine)
        found[role, region, organisation] = (response.status_code, read.shows(response, thing))
    assert found == expected
    for headers, status in (({}, read.anonymous), (platform.token(), read.role_denied)):
        response = await read.send(platform, thing, headers)
        assert (response.status_code, read.shows(response, thing)) == (status, False)


async def test_what_is_public_asks_for_no_sign_in(seeded: Platform) -> None:
    for path, values in PUBLIC.items():
        response = await seeded.client.get(path.format(**values))
        assert response.status_code not in (401, 403), path
        assert response.status_code < 500, path


async def test_questions_of_a_region_are_listed_for_that_region_only(seeded: Platform) -> None:
    for region, status in (("990001101", 200), ("990001102", 403), ("990002", 403), ("990001", 403)):
        town = seeded.token("editor", region="990001101")
        params = {"region": region}
        response = await seeded.client.get("/citizen-feedback/questions", params=params, headers=town)
        assert response.status_code == status, region


CLAIMS: list[tuple[dict[str, Any], int]] = [
    ({"roles": ["root", "Editor", "EDITOR", "editor "]}, 403),
    ({"roles": "editor"}, 403),
    ({"roles": {"editor": True}}, 403),
    ({"roles": None}, 403),
    ({"roles": [None, 1, ["editor"]]}, 403),
    ({"region": None}, 401),
    ({"region": ""}, 401),
    ({"region": "00"}, 401),
    ({"region": "99000x"}, 401),
    # An organisation that is no code is one that nothing belongs to, and not the absence of one.
    ({"organisation": ""}, 200),
    ({"organisation": ["990001-zf"]}, 200),
]


async def test_a_token_grants_only_what_it_says_exactly(seeded: Platform, subtests: pytest.Subtests) -> None:
    await READS[0].prepare(seeded)
    for claims, status in CLAIMS:
        with subtests.test(str(claims)):
            headers = signed(seeded, **claims)
            response = await seeded.client.get("/publication/documents", params={"state": "draft"}, headers=headers)
            assert response.status_code == status
            assert not response.is_success or response.json()["items"] == []
