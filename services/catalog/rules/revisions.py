"""How the catalog of a field changes (目录动态调整): proposed, checked, consulted on, adopted, in force.

A revision holds adjustments: items are added, changed, merged, split, retired, each with its reason. When it comes into
force the field has a new edition (版). What was published under an item that is merged, split or renumbered counts for
its successor: an item names its predecessors.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from libs.common import personal_data
from libs.common.errors import Forbidden, Malformed, Refusal
from libs.common.fields import Body, Code, Sentence, Title
from libs.common.permission import Actor
from services.catalog.rules.items import ItemEntry, at, check_item

Kind = Literal["add", "change", "merge", "split", "retire"]
State = Literal["proposed", "checked", "consulting", "adopted", "in_force", "replaced", "dropped"]
Outcome = Literal["adopted", "partly", "not_adopted"]

OPEN: tuple[State, ...] = ("proposed", "checked", "consulting", "adopted")
PUBLIC: tuple[State, ...] = ("consulting", "adopted", "in_force", "replaced")

CONSULTATION = timedelta(30)
"""A consultation lasts 30 days as a rule; a shorter one says why (《重大行政决策程序暂行条例》 art. 15)."""

MOST_ADJUSTMENTS = 500
MOST_COMMENTS = 5_000
MOST_COMMENTS_AN_HOUR = 200
"""Of one revision: whoever floods a consultation shall not use up what the others may say."""


class OtherRevisionOpen(Refusal):
    """A field has one revision at a time: two would not know of each other's changes."""

    code, status, sentence = "revision_open", 409, "该领域已有一次修订尚未完成,请先完成或放弃。"


class NotYet(Refusal):
    """The consultation is not over, or the day of coming into force has not come."""

    code, status, sentence = "too_early", 409, "时间未到,暂不能办理。"


class CommentsUnanswered(Refusal):
    """What the public said must be answered before the revision is adopted."""

    code, status, sentence = "comments_unanswered", 409, "还有意见没有答复,请逐条说明采纳情况。"


class TooManyComments(Refusal):
    """The consultation has reached its bound."""

    code, status, sentence = "too_many_comments", 429, "征求意见已达上限,请通过其他渠道反映。"


class Adjustment(Body):
    """One change of the catalog, with its reason."""

    kind: Kind = Field(description="新增 add, 变更 change, 合并 merge, 拆分 split, 取消 retire.", examples=["merge"])
    items: list[Code] = Field(
        [], max_length=20, description="The items that it changes, merges, splits or retires.", examples=[["03001001"]]
    )
    entries: list[ItemEntry] = Field(
        [], max_length=20, description="What comes: new items, or changed ones under their code and `version`."
    )
    documents_to: Code | None = Field(
        None, description="Of a split: the entry for which counts what was published before.", examples=[None]
    )
    reason: Sentence = Field(examples=["两项内容重复,群众查找不便。"])
    basis: Title | None = Field(None, description="依据.", examples=["国办发〔2019〕54号"])


class RevisionContent(Body):
    """What is said of a revision."""

    field: Code = Field(description="The field (领域) that it revises; one field at a time.", examples=["03"])
    title: Title = Field(examples=["义务教育领域标准目录2027年修订"])
    reason: Sentence = Field(examples=["根据法律法规立改废情况动态调整。"])
    adjustments: list[Adjustment] = Field(
        min_length=1, max_length=MOST_ADJUSTMENTS, description="What changes; an item stands in one of them."
    )


class Comment(Body):
    """What somebody says in a consultation."""

    item: Code | None = Field(None, description="The item that it is about; null: all of it.", examples=["03001001"])
    text: Sentence = Field(
        description="Shown to everybody once it is answered, so without names and numbers.",
        examples=["建议同时公开学区划分图。"],
    )


# How many items an adjustment takes, and how many entries it brings: at least and at most.
_SHAPES: Mapping[Kind, tuple[tuple[int, int], tuple[int, int]]] = {
    "add": ((0, 0), (1, 20)),
    "change": ((1, 1), (1, 1)),
    "merge": ((2, 20), (1, 1)),
    "split": ((1, 1), (2, 20)),
    "retire": ((1, 20), (0, 0)),
}


def check_revision(content: RevisionContent) -> None:
    """Raise Malformed with the place of what does not fit: too few items, an item touched twice, another field."""
    touched: Counter[str] = Counter()
    for number, adjustment in enumerate(content.adjustments):
        place = f"body.adjustments.{number}"
        for name, (least, most) in zip(("items", "entries"), _SHAPES[adjustment.kind], strict=True):
            if not least <= len(getattr(adjustment, name)) <= most:
                raise Malformed("该类调整涉及的原事项或新事项数量不对。", field=f"{place}.{name}")
        codes = [entry.code for entry in adjustment.entries]
        if adjustment.kind == "change" and codes != adjustment.items:
            raise Malformed("变更的事项应保留原编码。", field=f"{place}.entries.0.code")
        if (adjustment.kind == "split") != (adjustment.documents_to is not None):
            raise Malformed("拆分时应说明已公开内容归入哪一项,其他调整应为空。", field=f"{place}.documents_to")
        if adjustment.documents_to not in (None, *codes):
            raise Malformed("已公开内容应归入拆分后的事项。", field=f"{place}.documents_to")
        if len({*adjustment.items}) < len(adjustment.items) or len({*codes}) < len(codes):
            raise Malformed("同一编码出现两次。", field=place)
        touched.update({*adjustment.items, *codes})
        for row, entry in enumerate(adjustment.entries):
            if entry.field != content.field:
                raise Malformed("事项应属于所修订的领域。", field=f"{place}.entries.{row}.field")
            with at(f"{place}.entries.{row}"):
                check_item(entry)
    twice = [code for code, times in touched.items() if times > 1]
    if twice:
        raise Malformed(f"事项 {twice[0]} 在多处调整中出现。", field="body.adjustments")
    if len({entry.field_name for entry in entries_of(content.adjustments)}) > 1:
        raise Malformed("同一领域编码有两个名称。", field="body.adjustments")


def entries_of(adjustments: Iterable[Adjustment]) -> list[ItemEntry]:
    """All that comes, in order."""
    return [entry for adjustment in adjustments for entry in adjustment.entries]


def retired_by(adjustments: Iterable[Adjustment]) -> set[str]:
    """The items that are no longer there: those that no entry keeps up under their code."""
    return {
        code
        for adjustment in adjustments
        for code in set(adjustment.items) - {entry.code for entry in adjustment.entries}
    }


def successions(adjustments: Iterable[Adjustment]) -> dict[str, list[str]]:
    """By item that comes: the items whose publications count for it from now on."""
    found: dict[str, list[str]] = {}
    for adjustment in adjustments:
        if adjustment.kind in ("merge", "split"):
            heir = adjustment.documents_to or adjustment.entries[0].code
            kept = {entry.code for entry in adjustment.entries}
            found[heir] = [code for code in adjustment.items if code not in kept]
    return found


def heirs_of(adjustments: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """By retired item: what is in force instead, also in the place of heirs that went themselves; nothing for some.

    `adjustments` are those of all revisions, oldest first, as they are kept, with the codes of their entries. A split
    has all its items as heirs, `documents_to` first: whoever drafts anew chooses among them.
    """
    found: dict[str, list[str]] = {}
    for adjustment in reversed(adjustments):
        codes = sorted(adjustment["entries"], key=lambda code: code != adjustment["documents_to"])
        heirs = list(dict.fromkeys(heir for code in codes for heir in found.get(code, [code])))
        found |= dict.fromkeys(set(adjustment["items"]) - {*codes}, heirs)
    return found


def check_other_hands(proposer: str, actor: Actor) -> None:
    """Raise Forbidden when those who propose would check or adopt their own."""
    if proposer == actor.subject:
        raise Forbidden("不能由提出修订的人审查或通过。")


def check_consultation(today: date, until: date, shortened: str | None) -> None:
    """Raise Malformed for a consultation that ends before it began, or too soon without the reason (art. 15)."""
    if until <= today:
        raise Malformed("征求意见的截止日期应晚于今天。", field="body.until")
    if until < today + CONSULTATION and shortened is None:
        raise Malformed("征求意见一般不少于30日;缩短的应说明理由。", field="body.shortened_reason")


def check_comment(comment: Comment, received: int, nth_newest: datetime | None, now: datetime) -> None:
    """Raise TooManyComments, or Malformed for what would show somebody's number to everybody.

    `nth_newest`: when the last of the newest MOST_COMMENTS_AN_HOUR came, None when there are fewer.
    """
    if received >= MOST_COMMENTS:
        raise TooManyComments
    if nth_newest is not None and now - nth_newest < timedelta(hours=1):
        raise TooManyComments("一小时内收到的意见过多,请稍后再提交。")
    if personal_data.find(comment.text):
        raise Malformed("意见中含有身份证号、电话等个人信息,请删去后再提交。", field="body.text")


def check_adoptable(today: date, until: date, unanswered: int, effective_on: date) -> None:
    """Raise NotYet before the consultation is over, CommentsUnanswered, Malformed for a day that has passed."""
    if today <= until:
        raise NotYet("征求意见尚未结束。")
    if unanswered:
        raise CommentsUnanswered
    if effective_on < today:
        raise Malformed("施行日期不能早于今天。", field="body.effective_on")


def compared(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Two editions by code: what came, what went, and each changed item with the members that differ."""
    before, after = ({item["code"]: item for item in items} for items in (old, new))
    changed = [
        {"code": code, "changed": [name for name, value in after[code].items() if value != before[code].get(name)]}
        for code in before.keys() & after.keys()
    ]
    return {
        "added": sorted(after.keys() - before.keys()),
        "retired": sorted(before.keys() - after.keys()),
        "changed": sorted((each for each in changed if each["changed"]), key=lambda each: str(each["code"])),
    }
