"""Every act of the platform: how it is done over HTTP, by whom, on what, and what it says.

One table for the tests of commands, of permissions and of hostile input. A new route or command without a row
fails a test.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.contract import things
from tests.contract.things import Thing
from tests.platform import Platform, item

Json = dict[str, Any]
Headers = Mapping[str, str]
Prepare = Callable[[Platform], Awaitable[Thing]]

ADMINISTRATOR = ("administrator",)
WRITERS = ("editor", "village_clerk")
REASON: Json = {"reason": "内容与附件不一致。"}


@dataclass(frozen=True)
class Place:
    """Where a thing stands, and the regions and organisations that are asked for it."""

    regions: Mapping[str, str]
    organisations: Mapping[str, str] = field(default_factory=dict)
    works: tuple[str, ...] = ("own", "above")
    """The relations of those who work on it."""

    def allows(self, region: str, organisation: str | None) -> bool:
        """Whether somebody of this relation (a key of `regions`, of `organisations`) works on the thing."""
        return region in self.works and (organisation is None or organisation in ("own", "above", "any"))


TOWN = Place(
    {"own": "990001101000", "above": "990001000000", "sibling": "990001102000", "foreign": "990002000000"},
    {"own": "990001101-zf", "above": "990001-zf", "sibling": "990001-jy"},
)
TOWN_REGION = Place(TOWN.regions, {"any": "990001-jy"})
"""Of the town, but of no organisation: whoever is bound to one works on it by region alone."""
CATALOG = Place(TOWN.regions, {"any": "990001-jy"}, works=("above", "foreign"))
"""One for all regions, kept by counties: not by a town, but by any county."""
SUPERVISED = Place(TOWN.regions, {"any": "990001-jy"}, works=("above",))
"""Of the town, and decided by its county."""
VILLAGE = Place(
    {"own": "990001101201", "above": "990001101000", "sibling": "990001101202", "foreign": "990002000000"},
    {"any": "990001-jy"},
)


@dataclass(frozen=True)
class Act:
    """A command and its way through HTTP.

    `roles` empty: citizens do it without signing in. `body` None: it takes none. `audits` and `says`: what it leaves.
    """

    command: str
    method: str
    route: str
    roles: tuple[str, ...]
    prepare: Prepare
    place: Place
    body: Json | None = None
    says: str | None = None
    audits: int = 1
    variant: str = ""
    allowed: tuple[int, ...] = ()
    """What those get who may and do it one after the other, where that is not the usual answer."""

    @property
    def service(self) -> str:
        """The package name of the service."""
        return self.command.split(".")[0]

    def __str__(self) -> str:
        return self.command + (f" ({self.variant})" if self.variant else "")

    def sent(self, thing: Thing) -> Json | None:
        """The body for `thing`."""
        return None if self.body is None else {**self.body, **thing.body}

    def hands(self, platform: Platform) -> dict[str, str]:
        """Somebody who may do it and has not had the thing in hands before; nobody for what citizens do."""
        if not self.roles:
            return {}
        return platform.token(self.roles[0], region=self.place.regions["above"], subject="other-hands")

    async def send(self, platform: Platform, thing: Thing, headers: Headers, seen: int | None = None) -> httpx.Response:
        """Do it. `seen` replaces the version that the thing has."""
        version = thing.version if seen is None else seen
        named = {} if version is None else {"If-Match": f'"v{version}"'}
        path = self.route.format(**thing.values)
        return await platform.client.request(self.method, path, json=self.sent(thing), headers={**named, **headers})


_DOCUMENT = "/publication/documents/{content_id}"
_PIECE = "/policy-interpretation/interpretations/{interpretation_id}"
_QUESTION = "/citizen-feedback/questions/{question_id}"
_NOTICE = "/village-affairs/notices/{notice_id}"
_REGION: Json = {"name": "晨曦新镇", "level": "town", "parent": "990001000000"}
_ORGANISATION: Json = {
    "name": "晨曦镇人民政府",
    "short_name": "晨曦镇政府",
    "doc_prefix": "晨政",
    "uscc": "11990001MB0000046P",
    "region": "990001101000",
    "parent": "990001-zf",
}
_ITEM: Json = {**item("03", "义务教育"), "level2_item": "招生入学"}
_REVISION = "/catalog/revisions/{code}"
_WITHDRAWAL: Json = {"kind": "gone", "reason": "文件已废止。"}


def _catalog(command: str, route: str, body: Json, prepare: Prepare, place: Place, **more: Any) -> Act:
    return Act(f"catalog.commands.{command}", "PUT", route, ADMINISTRATOR, prepare, place, body, **more)


def _revision(command: str, act: str, roles: tuple[str, ...], state: str, body: Json | None = None, **more: Any) -> Act:
    route, prepare = f"{_REVISION}/{act}", things.revision(state)
    return Act(f"catalog.commands.revisions.{command}", "POST", route, roles, prepare, CATALOG, body, **more)


def _publication(
    command: str, route: str, roles: tuple[str, ...], prepare: Prepare, method: str = "POST", **more: Any
) -> Act:
    return Act(f"publication.commands.{command}", method, route, roles, prepare, TOWN, **more)


def _interpretation(
    command: str, route: str, roles: tuple[str, ...], prepare: Prepare, method: str = "POST", **more: Any
) -> Act:
    return Act(f"policy_interpretation.commands.{command}", method, route, roles, prepare, TOWN, **more)


def _question(command: str, roles: tuple[str, ...], prepare: Prepare, body: Json, **more: Any) -> Act:
    route = f"{_QUESTION}/{command}"
    return Act(f"citizen_feedback.commands.{command}", "POST", route, roles, prepare, TOWN, body, **more)


def _notice(
    command: str, route: str, roles: tuple[str, ...], prepare: Prepare, method: str = "POST", **more: Any
) -> Act:
    return Act(f"village_affairs.commands.{command}", method, route, roles, prepare, VILLAGE, **more)


_EDITOR, _REVIEWER, _CLERK = ("editor",), ("reviewer",), ("village_clerk",)
_COMMITTEE, _MEETING = ("supervision_committee",), ("joint_meeting",)
_SAME: Json = {"says": None, "audits": 0, "variant": "nothing new"}

ACTS: list[Act] = [
    _catalog(
        "places.put_region",
        "/catalog/regions/{code}",
        _REGION,
        things.region,
        TOWN_REGION,
        says="catalog.region.changed.v1",
    ),
    _catalog("places.put_region", "/catalog/regions/{code}", _REGION, things.region_as_it_is, TOWN_REGION, **_SAME),
    _catalog(
        "places.put_organisation",
        "/catalog/organisations/{code}",
        _ORGANISATION,
        things.organisation,
        TOWN,
        says="catalog.organisation.changed.v1",
    ),
    _catalog("items.put_item", "/catalog/items/{code}", _ITEM, things.item, CATALOG, says="catalog.item.changed.v1"),
    _catalog(
        "negative.put_negative",
        "/catalog/negative-list/{code}",
        {
            "region": "990001101000",
            "name": "征收补偿方案草案",
            "ground": "process",
            "basis": None,
            "reason": "正在研究。",
            "review_on": "2027-06-30",
            "lifted_on": "2027-07-01",
        },
        things.negative,
        TOWN_REGION,
    ),
    Act(
        "catalog.commands.duties.put_offline",
        "PUT",
        "/catalog/offline-disclosures/{code}",
        ("administrator", "editor", "village_clerk"),
        things.offline,
        TOWN_REGION,
        {**things.OFFLINE, "struck": "日期登记错误。"},
    ),
    Act(
        "catalog.commands.occasions.put_occasion",
        "PUT",
        "/catalog/occasions/{code}",
        ("administrator", "editor", "village_clerk"),
        things.occasion,
        TOWN_REGION,
        {**things.OCCASION, "struck": "日期登记错误。"},
    ),
    _catalog(
        "duties.put_waiver",
        "/catalog/duties/{region}/items/{code}/periods/{period_start}",
        {"waived": "与下月合并公开。"},
        things.waiver,
        SUPERVISED,
    ),
    _catalog(
        "templates.put_template",
        "/catalog/items/{code}/template",
        {"fields": [{"name": "area", "title": "补贴面积", "type": "number", "unit": "亩", "required": True}]},
        things.template,
        CATALOG,
        says="catalog.template.changed.v1",
    ),
    _catalog(
        "local_terms.put_local_terms",
        "/catalog/items/{code}/terms/{region}",
        {"time_limit": "信息形成或者变更之日起5个工作日内", "responsible_body": "镇社会事务办公室"},
        things.local_terms,
        TOWN_REGION,
    ),
    _catalog(
        "correspondences.put_correspondence",
        "/catalog/correspondences/{code}",
        {**things.CORRESPONDENCE, "dissolved": "县级不再公布到户结果。"},
        things.correspondence,
        CATALOG,
        says="catalog.correspondence.changed.v1",
    ),
    Act(
        "catalog.commands.editions.keep_editions",
        "POST",
        "/catalog/editions",
        ADMINISTRATOR,
        things.new_field,
        CATALOG,
        allowed=(200,),
    ),
    _catalog("revisions.put_revision", _REVISION, {}, things.amended_revision, CATALOG),
    _revision("check", "check", ("reviewer",), "proposed", {"passed": True, "opinion": "内容合法,程序合规。"}),
    _revision(
        "consult", "consult", ADMINISTRATOR, "checked", {"until": "2099-01-31", "shortened_reason": "情况紧急。"}
    ),
    Act(
        "catalog.commands.revisions.comment",
        "POST",
        f"{_REVISION}/comments",
        (),
        things.consulted,
        TOWN,
        {"text": "建议同时公开学区划分图。"},
    ),
    Act(
        "catalog.commands.revisions.answer",
        "POST",
        f"{_REVISION}/comments/{{number}}/answer",
        ADMINISTRATOR,
        things.comment,
        CATALOG,
        {"outcome": "adopted", "answer": "已增加。"},
    ),
    _revision("adopt", "adopt", ("reviewer",), "over", {"effective_on": "2099-03-01"}),
    _revision("enter_into_force", "enforce", ADMINISTRATOR, "adopted", says="catalog.item.changed.v1"),
    _revision("drop", "drop", ADMINISTRATOR, "proposed", {"reason": "待上级目录公布后再修订。"}),
    _catalog(
        "coverage.put_applicability",
        "/catalog/coverage/{region}/items/{code}",
        {"not_applicable": "本镇没有此类事项。"},
        things.applicability,
        TOWN_REGION,
    ),
    _catalog(
        "items.put_items",
        "/catalog/items",
        {},
        things.new_items,
        CATALOG,
        says="catalog.item.changed.v1",
        allowed=(200, 428),
    ),
    _publication("draft.create", "/publication/documents", WRITERS, things.town, body=things.DOCUMENT),
    _publication("draft.replace", _DOCUMENT, WRITERS, things.document("draft"), "PUT", body=things.DOCUMENT),
    _publication("draft.new_edition", f"{_DOCUMENT}/editions", WRITERS, things.document("live"), body=things.DOCUMENT),
    _publication(
        "review.submit",
        f"{_DOCUMENT}/submit",
        WRITERS,
        things.document("draft"),
        says="publication.document.prepared.v1",
        variant="with its duty",
    ),
    _publication("review.submit", f"{_DOCUMENT}/submit", WRITERS, things.document("draft", required=False)),
    _publication("review.approve", f"{_DOCUMENT}/approve", _REVIEWER, things.document("submitted")),
    _publication("review.send_back", f"{_DOCUMENT}/return", _REVIEWER, things.document("submitted"), body=REASON),
    _publication(
        "publish.publish",
        f"{_DOCUMENT}/publish",
        ("editor", "reviewer"),
        things.document("approved"),
        says="publication.document.published.v1",
    ),
    _publication(
        "withdraw.withdraw",
        f"{_DOCUMENT}/withdraw",
        _REVIEWER,
        things.document("live"),
        body=_WITHDRAWAL,
        says="publication.document.withdrawn.v1",
    ),
    _interpretation(
        "draft.create",
        "/policy-interpretation/interpretations",
        _EDITOR,
        things.interpretable,
        body=things.TEXT,
    ),
    _interpretation("draft.replace", _PIECE, _EDITOR, things.interpretation("draft"), "PUT", body=things.TEXT),
    _interpretation("review.approve", f"{_PIECE}/approve", _REVIEWER, things.interpretation("draft")),
    _interpretation(
        "review.approve",
        f"{_PIECE}/approve",
        _REVIEWER,
        things.interpretation("draft", live=False),
        says="policy_interpretation.interpretation.ready.v1",
        variant="before its document",
    ),
    _interpretation("review.send_back", f"{_PIECE}/return", _REVIEWER, things.interpretation("approved"), body=REASON),
    _interpretation(
        "review.send_back",
        f"{_PIECE}/return",
        _REVIEWER,
        things.interpretation("ready", live=False),
        body=REASON,
        says="policy_interpretation.interpretation.withdrawn.v1",
        variant="of a ready one",
    ),
    _interpretation(
        "release.release",
        f"{_PIECE}/release",
        ("editor", "reviewer"),
        things.interpretation("approved"),
        says="policy_interpretation.interpretation.published.v1",
    ),
    _interpretation(
        "release.withdraw",
        f"{_PIECE}/withdraw",
        _REVIEWER,
        things.interpretation("published"),
        body=REASON,
        says="policy_interpretation.interpretation.withdrawn.v1",
    ),
    Act(
        "citizen_feedback.commands.ask",
        "POST",
        "/citizen-feedback/questions",
        (),
        things.askable,
        TOWN,
        {"question": "补贴什么时候发到户?", "contact": "请致电村委会转告"},
    ),
    _question("reply", _EDITOR, things.question("received"), {"reply": "预计6月底前发放到户。"}),
    _question(
        "publish",
        _REVIEWER,
        things.question("replied"),
        things.WORDING,
        says="citizen_feedback.response.published.v1",
    ),
    _question(
        "withdraw",
        _REVIEWER,
        things.question("published"),
        REASON,
        says="citizen_feedback.response.published.v1",
    ),
    _question("decline", _REVIEWER, things.question("received"), REASON),
    _notice("draft", "/village-affairs/notices", _CLERK, things.village, body=things.NOTICE),
    _notice("edit", _NOTICE, _CLERK, things.notice("draft"), "PUT", body=things.CONTENT),
    _notice("submit", f"{_NOTICE}/submit", _CLERK, things.notice("draft")),
    _notice(
        "supervise", f"{_NOTICE}/supervise", _COMMITTEE, things.notice("submitted"), body={"opinion": "同意公布。"}
    ),
    _notice("decide", f"{_NOTICE}/decide", _MEETING, things.notice("supervised"), body={"minutes_on": "2026-01-20"}),
    _notice("send_back", f"{_NOTICE}/return", (*_COMMITTEE, *_MEETING), things.notice("submitted"), body=REASON),
    _notice(
        "publish",
        f"{_NOTICE}/publish",
        _CLERK,
        things.notice("decided"),
        says="village_affairs.notice.published.v1",
    ),
    _notice(
        "withdraw",
        f"{_NOTICE}/withdraw",
        _CLERK,
        things.notice("live"),
        body=REASON,
        says="village_affairs.notice.withdrawn.v1",
    ),
]
