"""Pure decisions about interpretations: who may act when, what may become public, and by when it is owed."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from libs.common import html, personal_data
from libs.common.clock import local_date
from libs.common.errors import Malformed, Refusal, SameHands, TooLarge
from libs.common.events.policy_interpretation import Form
from libs.common.permission import Grants, Role, grant
from libs.common.workdays import Calendar, Deadline, WorkingDays


class DocumentState(StrEnum):
    """Where a document stands, as far as it has been heard of."""

    PREPARED = "prepared"
    LIVE = "live"
    WITHDRAWN = "withdrawn"


class DutyState(StrEnum):
    """Whether an interpretation is owed: open, discharged, or closed because nothing is owed any more."""

    OPEN = "open"
    DISCHARGED = "discharged"
    CLOSED = "closed"


class State(StrEnum):
    """The life of an interpretation. Only `published` is public."""

    DRAFT = "draft"
    APPROVED = "approved"
    READY = "ready"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


Section = Literal[
    "background",  # 背景依据
    "objectives",  # 目标任务
    "main_content",  # 主要内容
    "scope",  # 适用范围
    "standards",  # 执行标准
    "deadlines",  # 期限
    "cautions",  # 注意事项
    "terms",  # 关键词诠释
    "benefits",  # 惠民利民举措
    "differences",  # 新旧政策差异
    "highlights",  # 特色亮点
    "next_steps",  # 后续工作
    "contact",  # 解读机关、解读人、联系方式
]
"""The parts of an interpretation's material (解读材料) that local rules ask for."""

GRANTS: Grants = {
    "policy_interpretation.draft": grant(Role.EDITOR),
    "policy_interpretation.replace": grant(Role.EDITOR, states={State.DRAFT}),
    "policy_interpretation.approve": grant(Role.REVIEWER, states={State.DRAFT}),
    "policy_interpretation.return": grant(Role.REVIEWER, states={State.APPROVED, State.READY}),
    # A ready one is no state to release from: it becomes public with its document, never before it (三同步).
    "policy_interpretation.release": grant(Role.EDITOR, Role.REVIEWER, states={State.APPROVED}),
    "policy_interpretation.withdraw": grant(Role.REVIEWER, states={State.PUBLISHED}),
    "policy_interpretation.read_work": grant(Role.EDITOR, Role.REVIEWER, Role.ADMINISTRATOR, Role.AUDITOR),
}

LIMIT = WorkingDays(3)
"""解读材料 are on the website within 3 working days after their document is public: 国办发〔2016〕80号."""

LONGEST_BYTES = 200 * 1024
"""All texts of an interpretation together, as JSON: they travel inside an event of at most 256 KB."""


class DocumentNotLive(Refusal):
    """The interpreted document is withdrawn, or not live yet: nothing can be released to its page."""

    code, status, sentence = "interpreted_document_not_live", 409, "所解读的文件尚未公开或者已经撤下。"


@dataclass(frozen=True)
class Text:
    """What an interpretation says. `clean` makes one that may be stored."""

    title: str
    form: Form
    body_html: str
    sections: Mapping[Section, str]


def clean(text: Text) -> Text:
    """The text with its body sanitised.

    Raises Malformed for an empty body, and TooLarge for more than an event can carry.
    """
    body = html.sanitise(text.body_html)
    # A picture counts: 图解 is a form of its own.
    if not html.text_of(body) and "<img" not in body:
        raise Malformed("解读正文不能为空。", field="body.body_html")
    written = [text.title, html.summary(body), body, *text.sections.values()]
    if sum(len(json.dumps(part, ensure_ascii=False).encode()) for part in written) > LONGEST_BYTES:
        raise TooLarge("解读正文过长,请精简,或将图片改为链接。", field="body.body_html")
    return Text(text.title, text.form, body, text.sections)


def check_personal_data(text: Text) -> None:
    """Raise PersonalDataFound when a text that is to become public holds an identity, mobile or card number.

    《个人信息保护法》 art. 25; 《政府信息公开条例》 art. 15.
    """
    personal_data.refuse(_readable(text))


def _readable(text: Text) -> Iterator[tuple[str, str]]:
    yield "body.title", text.title
    yield "body.body_html", html.text_of(text.body_html)
    for name, section in text.sections.items():
        yield f"body.sections.{name}", section


def check_approver(approver: str, writers: Collection[str]) -> None:
    """Raise SameHands: nobody who wrote the text approves it (先审查后公开,《政府信息公开条例》 art. 17)."""
    if approver in writers:
        raise SameHands


def state_after_approval(document: str) -> State:
    """`ready` waits for its document, `approved` is released by hand.

    Raises DocumentNotLive for a withdrawn document.
    """
    if document == DocumentState.WITHDRAWN:
        raise DocumentNotLive("所解读的文件已经撤下。")
    return State.APPROVED if document == DocumentState.LIVE else State.READY


def check_live(document: str) -> None:
    """Raise DocumentNotLive: an interpretation is never public without its document."""
    if document != DocumentState.LIVE:
        raise DocumentNotLive


def due(published_at: datetime, calendar: Calendar) -> Deadline:
    """The last day on which the interpretation is in time; the day of publication is not counted."""
    return LIMIT.after(local_date(published_at), calendar)


def is_overdue(state: str, due_on: date | None, today: date) -> bool:
    """Whether an interpretation is owed and its last day has passed."""
    return state == DutyState.OPEN and due_on is not None and due_on < today
