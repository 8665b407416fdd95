"""Pure decisions about documents: who may act when, what may be published, how it is numbered."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from libs.common import regions
from libs.common.errors import ItemRetired, Malformed, Refusal, SameHands
from libs.common.events import Reach
from libs.common.permission import Grants, Role, grant
from libs.common.regions import Level

DRAFT, SUBMITTED, APPROVED, LIVE, SUPERSEDED, WITHDRAWN = (
    "draft",
    "submitted",
    "approved",
    "live",
    "superseded",
    "withdrawn",
)
IN_WORK = (DRAFT, SUBMITTED, APPROVED)
NAMED_REGIONS_MOST = 400

OWN = "publication"
"""The reader of effects that happen in the publishing commit itself."""

_WRITERS = (Role.EDITOR, Role.VILLAGE_CLERK)

GRANTS: Grants = {
    "publication.draft": grant(*_WRITERS),
    "publication.replace": grant(*_WRITERS, states={DRAFT}),
    "publication.new_edition": grant(*_WRITERS, states={LIVE}),
    "publication.submit": grant(*_WRITERS, states={DRAFT}),
    "publication.approve": grant(Role.REVIEWER, states={SUBMITTED}),
    "publication.return": grant(Role.REVIEWER, states={SUBMITTED, APPROVED}),
    "publication.publish": grant(Role.EDITOR, Role.REVIEWER, states={APPROVED}),
    "publication.withdraw": grant(Role.REVIEWER, states={LIVE}),
    "publication.read_work": grant(*_WRITERS, Role.REVIEWER, Role.AUDITOR),
}


class NotProactive(Refusal):
    """Only documents of attribute 主动公开 are published; the others are kept with their reason (条例 art. 14-16)."""

    code, status, sentence = "not_proactive", 409, "依申请公开或不予公开的文件不能发布到网站。"


class ReasonRequired(Refusal):
    """On-request and not-public need a reason and a basis, fixed when the document is drafted."""

    code, status, sentence = "reason_required", 422, "依申请公开或不予公开必须写明理由和依据。"


class WrongDates(Refusal):
    """The dates contradict each other."""

    code, status, sentence = "wrong_dates", 422, "日期前后矛盾。"


class WrongReach(Refusal):
    """A document reaches down only, to towns and villages of its own region."""

    code, status, sentence = "wrong_reach", 422, "文件只能向本行政区域内的乡镇、村延伸公开。"


@dataclass(frozen=True)
class Dates:
    """The dates on a document. 成文日期, 施行日期, 失效日期."""

    written_on: date
    effective_on: date | None
    expires_on: date | None


def check_dates(dates: Dates, today: date) -> None:
    """Raise WrongDates when a document is written in the future or expires before it takes effect.

    A publication date made to look older is a veto in the yearly check of government websites (国办秘函〔2019〕19号,
    V1), so the only dates that people enter are these.
    """
    if dates.written_on > today:
        raise WrongDates("成文日期不能晚于今天。", field="body.written_on")
    begins = dates.effective_on or dates.written_on
    if dates.expires_on is not None and dates.expires_on <= begins:
        raise WrongDates("失效日期应晚于施行日期(或成文日期)。", field="body.expires_on")


def check_disclosure(attribute: str, reason: str | None, basis: str | None) -> None:
    """Raise ReasonRequired: the attribute is fixed at the source, and any but proactive is reasoned (domain 2.4)."""
    if attribute != "proactive" and not (reason and basis):
        raise ReasonRequired(field="body.disclosure.reason" if not reason else "body.disclosure.basis")


def check_item(item: str, retired_on: date | None, heirs: Sequence[str], live: str | None) -> None:
    """Raise ItemRetired for an item that a revision of the catalog has retired (目录动态调整); it names the heirs.

    `live`: the item under which the document is public. Its amendments may stay there, since all that was published
    under a retired item counts for its heir; to move it to an heir is the editor's choice.
    """
    if retired_on is not None and item != live:
        raise ItemRetired(heirs, field="body.catalog_item")


def check_reach(region: str, reach: Reach, known: Collection[str]) -> None:
    """Raise WrongReach for a region that is not known, not of the right level, or not below `region`."""
    for name, level, scope in (
        ("towns", Level.town, reach.towns),
        ("villages", Level.village, reach.villages),
    ):
        if scope == "all":
            if not _is_above(region, level):
                raise WrongReach(field=f"body.reach.{name}")
            continue
        for code in scope:
            if code not in known or regions.level(code) is not level or not _is_below(code, region):
                raise WrongReach(
                    f"{code} 不是本行政区域内的{'乡镇' if name == 'towns' else '村'}。",
                    field=f"body.reach.{name}",
                )


def named_regions(reach: Reach) -> list[str]:
    """The regions that a reach names one by one."""
    return [code for scope in (reach.towns, reach.villages) if scope != "all" for code in scope]


def check_owner(region: str, organisation_region: str) -> None:
    """Raise Malformed: a document belongs to its owner's region or a region below it."""
    if not regions.within(region, organisation_region):
        raise Malformed("文件所属区域应在发布机构的行政区域之内。", field="body.region")


def check_approver(approver: str, drafted_by: str, submitted_by: str | None) -> None:
    """Raise SameHands: who drafted or submitted does not approve (先审查后公开, 条例 art. 17)."""
    if approver in (drafted_by, submitted_by):
        raise SameHands


def check_publishable(attribute: str) -> None:
    """Raise NotProactive unless the document is to be public of its own accord (条例 art. 19-21)."""
    if attribute != "proactive":
        raise NotProactive


def index_number(pattern: str, serial: int, *, uscc: str, organisation: str, region: str, day: date) -> str:
    """The 索引号 by the configured pattern (domain 4.4). With serial 0 it names the counter to count in."""
    return pattern.format(
        uscc=uscc,
        organisation=organisation,
        region=region,
        year=day.year,
        month=f"{day.month:02}",
        serial=serial,
    )


def effects_of(region: str, reach: Reach, interpretation_required: bool) -> dict[str, str]:
    """What follows from publishing or withdrawing a document: effect name to the service that applies it."""
    level = regions.level(region)
    effects = {"coverage": "catalog", "response_record": "citizen_feedback", "county_listing": OWN}
    if interpretation_required:
        effects["interpretation_duty"] = "policy_interpretation"
    if reach.towns or reach.villages or level is not Level.county:
        effects["town_listing"] = OWN
    if reach.villages or level is Level.village:
        effects["village_listing"] = "village_affairs"
    return effects


def _is_above(region: str, level: Level) -> bool:
    own = regions.level(region)
    return own is Level.county or (own is Level.town and level is Level.village)


def _is_below(code: str, region: str) -> bool:
    return code != region and regions.within(code, region)
