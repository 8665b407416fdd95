"""Pure decisions about village notices and boards.

The way of a notice is that of 《山东省村务公开条例》 art. 11: drafted by the village committee, reviewed by
the supervision committee (村务监督委员会), decided by the joint meeting of party branch and village committee
(村党组织和村民委员会联席会议), published by the village.
"""

from collections.abc import Collection
from datetime import date

from libs.common import html, regions
from libs.common.errors import Malformed, Refusal, SameHands
from libs.common.events import Reach
from libs.common.permission import Grants, Role, grant
from libs.common.workdays import VisibleDays

DRAFT, SUBMITTED, SUPERVISED = "draft", "submitted", "supervised"
DECIDED, LIVE, WITHDRAWN = "decided", "live", "withdrawn"

_COMMITTEES = (Role.SUPERVISION_COMMITTEE, Role.JOINT_MEETING)

GRANTS: Grants = {
    "village_affairs.draft": grant(Role.VILLAGE_CLERK),
    "village_affairs.edit": grant(Role.VILLAGE_CLERK, states={DRAFT}),
    "village_affairs.submit": grant(Role.VILLAGE_CLERK, states={DRAFT}),
    "village_affairs.supervise": grant(Role.SUPERVISION_COMMITTEE, states={SUBMITTED}),
    "village_affairs.decide": grant(Role.JOINT_MEETING, states={SUPERVISED}),
    "village_affairs.return": grant(*_COMMITTEES, states={SUBMITTED, SUPERVISED, DECIDED}),
    "village_affairs.publish": grant(Role.VILLAGE_CLERK, states={DECIDED}),
    "village_affairs.withdraw": grant(Role.VILLAGE_CLERK, states={LIVE}),
    "village_affairs.read_work": grant(Role.VILLAGE_CLERK, *_COMMITTEES, Role.AUDITOR),
}

ON_BOARD = VisibleDays(5)
"""A board keeps a notice at least five days (《山东省村务公开条例》 art. 13)."""


class MinutesInFuture(Refusal):
    """The joint meeting decides first and is entered afterwards."""

    code, status, sentence = "minutes_in_future", 422, "联席会议纪要的日期不能晚于今天。"


def check_body(body_html: str) -> None:
    """Insist that something is left of a sanitised text. Raises Malformed."""
    if not html.text_of(body_html) and "<img" not in body_html:
        raise Malformed("正文没有可以公开的内容。", field="body.body_html")


def check_other_hands(actor: str, drafters: Collection[str]) -> None:
    """Insist that nobody supervises or decides what they drafted. Raises SameHands.

    Members of the village committee are no supervisors (《村民委员会组织法》 art. 32), nor is the clerk
    (《山东省村务公开条例》 art. 14).
    """
    if actor in drafters:
        raise SameHands


def check_minutes(minutes_on: date, today: date) -> None:
    """Insist that the meeting has been held. Raises MinutesInFuture."""
    if minutes_on > today:
        raise MinutesInFuture(field="body.minutes_on")


def visible_until(published_on: date) -> date:
    """The last day on which a notice put up on `published_on` must still be on the board."""
    return ON_BOARD.until(published_on)


def reaches_villages(region: str, reach: Reach) -> bool:
    """Whether a document of `region` belongs on a village board: a village's own or one that reaches down."""
    return bool(reach.villages) or regions.level(region) is regions.Level.village
