"""Every route that is read: by whom, and what everybody else gets instead.

With `tests/contract/rows.py` it covers every route of the platform: one without a row fails a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from tests.catalog.revising import Revising, adjustment
from tests.contract import things
from tests.contract.rows import CATALOG, TOWN, VILLAGE, Headers, Place, Prepare
from tests.contract.things import Thing
from tests.platform import Platform
from tests.policy_interpretation.desk import Desk, News

ANSWERED = 200
"""Answered, but without the thing."""


@dataclass(frozen=True)
class Read:
    """A route that shows something that is not public, and its thing.

    `role_denied`, `place_denied`, `anonymous`: how others are answered; 404 where not even that it exists is told,
    ANSWERED where they see what is left.
    """

    route: str
    roles: tuple[str, ...]
    prepare: Prepare
    place: Place
    role_denied: int = 403
    place_denied: int = 403
    anonymous: int = 401
    params: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"GET {self.route}"

    @property
    def service(self) -> str:
        """The package name of the service."""
        return self.route.split("/")[1].replace("-", "_")

    async def send(self, platform: Platform, thing: Thing, headers: Headers) -> httpx.Response:
        """Read it."""
        params = {name: value.format(**thing.values) for name, value in self.params.items()}
        return await platform.client.get(self.route.format(**thing.values), params=params, headers=dict(headers))

    @staticmethod
    def shows(response: httpx.Response, thing: Thing) -> bool:
        """Whether the answer holds the thing: its marked id or, where it is the address, anything at all."""
        marked = thing.values.get("shown")
        return response.is_success and (marked is None or marked in response.text)


async def _drafted(platform: Platform) -> Thing:
    return _marked(await things.document("draft")(platform), "content_id")


async def _owed(platform: Platform) -> Thing:
    return _marked(await things.document("submitted")(platform), "content_id")


async def _explained(platform: Platform) -> Thing:
    life = await things.document_life(platform, "live")
    piece = await Desk(platform).draft(News(document=UUID(life.id)))
    return Thing({"content_id": life.id, "interpretation_id": piece.id, "shown": piece.id})


async def _asked(platform: Platform) -> Thing:
    return _marked(await things.question("received")(platform), "question_id")


async def _noted(platform: Platform) -> Thing:
    thing = await things.notice("draft")(platform)
    return Thing({**thing.values, "code": VILLAGE.regions["own"], "shown": thing.values["notice_id"]})


async def _proposed(platform: Platform) -> Thing:
    return _marked(await things.revision("proposed")(platform), "code")


async def _commented(platform: Platform) -> Thing:
    return _marked(await things.comment(platform), "code")


async def _overriding(platform: Platform) -> Thing:
    code = (await things.local_terms(platform)).values["code"]
    made = await Revising.begin(platform, "03", adjustment("retire", [code], []))
    return Thing({"code": made.code, "shown": code})


def _marked(thing: Thing, name: str) -> Thing:
    return Thing({**thing.values, "shown": thing.values[name]}, thing.version)


_DESK = ("editor", "village_clerk", "reviewer", "auditor")
_INTERPRETERS = ("editor", "reviewer", "administrator", "auditor")
_ANSWERERS = ("editor", "reviewer")
_VILLAGE = ("village_clerk", "supervision_committee", "joint_meeting", "auditor")
_LEFT: dict[str, Any] = {"role_denied": ANSWERED, "place_denied": ANSWERED, "anonymous": ANSWERED}
_UNSEEN: dict[str, Any] = {"role_denied": 404, "place_denied": 404, "anonymous": 404}

READS = [
    Read(
        "/catalog/desk/revisions",
        ("administrator", "reviewer"),
        _proposed,
        CATALOG,
        params={"state": "proposed", "limit": "100"},
    ),
    Read(
        "/catalog/desk/revisions/{code}/comments",
        ("administrator", "reviewer"),
        _commented,
        CATALOG,
        params={"answered": "waiting"},
    ),
    Read("/catalog/desk/revisions/{code}/overrides", ("administrator", "reviewer"), _overriding, CATALOG),
    Read(
        "/publication/documents",
        _DESK,
        _drafted,
        TOWN,
        place_denied=ANSWERED,
        params={"state": "draft", "limit": "100"},
    ),
    Read("/publication/documents/{content_id}/draft", _DESK, things.document("draft"), TOWN),
    Read("/publication/documents/{content_id}/editions", _DESK, things.document("draft"), TOWN),
    Read("/policy-interpretation/duties", _INTERPRETERS, _owed, TOWN, params={"document": "{content_id}"}, **_LEFT),
    Read(
        "/policy-interpretation/interpretations",
        _INTERPRETERS,
        _explained,
        TOWN,
        params={"document": "{content_id}"},
        **_LEFT,
    ),
    Read("/policy-interpretation/interpretations/{interpretation_id}", _INTERPRETERS, _explained, TOWN, **_UNSEEN),
    Read("/citizen-feedback/questions", _ANSWERERS, _asked, TOWN, place_denied=ANSWERED, params={"limit": "100"}),
    Read("/citizen-feedback/questions/{question_id}", _ANSWERERS, _asked, TOWN, role_denied=404, place_denied=404),
    Read("/village-affairs/villages/{code}/notices", _VILLAGE, _noted, VILLAGE),
    Read("/village-affairs/notices/{notice_id}", _VILLAGE, _noted, VILLAGE, **_UNSEEN),
]

TRIES = {"/catalog/imports"}
"""What is sent to be looked at and changes nothing; for staff, and tested where it is."""

PUBLIC = {
    "/catalog/regions": {},
    "/catalog/organisations": {},
    "/catalog/items": {},
    "/catalog/items/{code}": {"code": "03001001"},
    "/catalog/items/{code}/template": {"code": "03001001"},
    "/catalog/time-limits": {},
    "/catalog/negative-list": {},
    "/catalog/occasions": {},
    "/catalog/offline-disclosures": {},
    "/catalog/revisions": {},
    "/catalog/local-terms": {},
    "/catalog/correspondences": {},
    "/catalog/revisions/{code}": {"code": "R1"},
    "/catalog/revisions/{code}/comments": {"code": "R1"},
    "/catalog/revisions/{code}/overrides": {"code": "R1"},
    "/catalog/items/{code}/overrides": {"code": "03001001"},
    "/catalog/fields/{field}/editions": {"field": "03"},
    "/catalog/fields/{field}/editions/{number}/changes": {"field": "03", "number": "1"},
    "/catalog/exports/{format}": {"format": "json"},
    "/catalog/fields": {},
    "/catalog/coverage/{region}": {"region": "990001"},
    "/catalog/coverage/{region}/fields": {"region": "990001"},
    "/catalog/coverage/{region}/exports/{format}": {"region": "990001", "format": "csv"},
    "/catalog/duties/{region}": {"region": "990001"},
    "/catalog/tallies/{region}": {"region": "990001"},
    "/catalog/tallies/{region}/exports/{format}": {"region": "990001", "format": "csv"},
    "/catalog/timeliness/{region}": {"region": "990001"},
    "/catalog/timeliness/{region}/exports/{format}": {"region": "990001", "format": "csv"},
    "/publication/documents/{content_id}": {"content_id": "0199a1f0-6f1e-7c3a-9d2b-5e8f7a6b4c3d"},
    "/publication/documents/{content_id}/propagation": {"content_id": "0199a1f0-6f1e-7c3a-9d2b-5e8f7a6b4c3d"},
    "/publication/listings/{region}": {"region": "990001"},
    "/citizen-feedback/questions/mine": {},
    "/citizen-feedback/responses": {},
    "/village-affairs/villages": {},
    "/village-affairs/villages/{code}": {"code": "990001101201"},
    "/village-affairs/villages/{code}/listing": {"code": "990001101201"},
}
"""What everybody may read without signing in, with values for its address."""

OPERATIONS = ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/oauth2-redirect")
"""What each service's application answers beside its routes; none of it shows any content."""
