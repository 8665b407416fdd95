"""Reads the wording of a time limit (公开时限) as it stands in catalogs.

A wording is cut into clauses, and a clause is understood as a whole or not at all: what no pattern fits is
handed back unread. Nothing is guessed, since a due date that is wrong is worse than one that is missing.
"""

import re
import unicodedata
from functools import lru_cache

from services.catalog.rules.phrases import (
    AT_ONCE,
    PHRASES,
    PLACE,
    PLAIN,
    PLAINLY,
    PUBLISH,
    REGULARLY,
    SPAN,
    span_of,
    subject_of,
)
from services.catalog.rules.time_limits import Limit, Span, TimeLimits, Trigger

LONGEST_WORDING = 500

_ANY = r"[^,0-9在]"
_SINCE = r"(?:之日起?|之?后|以后|起)"
_INFORMATION = r"(?:该|各类|本|有关|相关|公开事项|政府)*(?:信息|事项|内容)?"
_CHANGED = r"(?:[、(]?(?:或者?|及|和|、)?(?:变更|更新|获取)\)?)?"
_HAPPENS = r"(?:结束|完成|确定|签订|签署|认定|评议|支付|发生|截止|通过|印发)"

# What may start a limit. A subject before it ("行政处罚决定自作出之日起…") is whatever else the clause begins with.
_TRIGGERS = [
    (trigger, re.compile(rf"(?P<subject>[^,0-9]{{0,30}}?)(?:自|在)?{pattern}"))
    for trigger, pattern in (
        (Trigger.REQUESTED, rf"(?:收到|受理)申请{_SINCE}"),
        (Trigger.RECEIVED, rf"(?:收到|接到)(?P<event>[^,在]{{1,20}}?){_SINCE}"),
        (Trigger.RECEIVED, rf"{_INFORMATION}(?:形成)?{_CHANGED}(?P<event>下发至本单位){_SINCE}?"),
        (Trigger.OBTAINED, rf"(?:制作|制定|产生)(?:或者?|、)获取该?{_ANY}{{0,15}}?{_SINCE}"),
        (Trigger.DECIDED, rf"(?:作出|做出)(?:{_ANY}{{0,12}}?决定)?{_SINCE}"),
        (Trigger.DECIDED, rf"(?<=决定)形成{_SINCE}"),
        (Trigger.APPROVED, rf"经?(?P<event>{_ANY}{{0,25}}?)(?:批准|批复){_SINCE}"),
        (Trigger.FORMED, rf"{_INFORMATION}(?:形成|生成|产生){_CHANGED}{_SINCE}?"),
        (Trigger.EVENT, rf"(?P<event>{_ANY}{{0,20}}?{_HAPPENS}){_SINCE}"),
    )
]
_WITHIN = re.compile(rf"(?P<span>{SPAN})之?内?(?:应当?|予以)?(?:及时)?(?:{PLACE}{PUBLISH})?")
_SOON = re.compile(rf"(?:依法|按规定)?(?:及时|实时|随时|即时|立即|当日)(?:依法)?(?:{PLACE}{PUBLISH})?")

# "Unless the law says otherwise": true of every limit.
_PROVISO = re.compile(
    r"(?:但是?)?(?:法律、?(?:行政)?法规(?:、规章)?(?:对[^,]*)?)?(?:另有规定的?)?,?(?:从其规定|除外|另有规定的?)"
)


@lru_cache(maxsize=4096)  # a catalog of thousands of items has a hundred wordings
def read(wording: str) -> TimeLimits:
    """The limits of a wording, and the clauses of it that are not understood."""
    limits: list[Limit] = []
    unread: list[str] = []
    for clause in _clauses(wording):
        found = _read_clause(clause)
        if found is None:
            unread.append(clause)
        elif limits and _adds_to(limits[-1], found):
            added = {name: getattr(found[0], name) for name in ("display", "extension") if getattr(found[0], name)}
            limits[-1] = limits[-1].model_copy(update=added)
        else:
            limits += found
    return TimeLimits(limits=tuple(limits), unread=tuple(unread))


def _adds_to(limit: Limit, found: list[Limit]) -> bool:
    """Whether a clause such as `公示7个工作日` says more about the limit before it."""
    only = found[0]
    alone = only.within or only.recurrence or only.interval or only.permanent or only.take_down or only.subject
    return len(found) == 1 and not alone and limit.display is None and limit.take_down is None


def _clauses(wording: str) -> list[str]:
    text = re.sub(r"\s+", "", unicodedata.normalize("NFKC", wording[:LONGEST_WORDING])).replace("(自然日)", "")
    clauses: list[str] = []
    for part in re.split(r"[;。]", text):
        pieces = [part]
        if inner := re.fullmatch(r"(.*?)\(([^()]*[\d每满][^()]*)\)", part):
            # What brackets say of "regularly" takes its place.
            explained = REGULARLY.fullmatch(inner[1]) and all(map(_read_clause, inner[2].split(",")))
            pieces = [inner[2]] if explained else [inner[1], inner[2]]
        for piece in pieces:
            whole = piece.strip(",")
            clauses += [whole] if _read_clause(whole) else re.split(r"(?<!的),", piece)
    return [clause for clause in clauses if clause and not _PROVISO.fullmatch(clause)]


def _read_clause(clause: str) -> list[Limit] | None:
    for pattern, build in PHRASES:
        if match := pattern.fullmatch(clause):
            return build(clause, match)
    return _read_since(clause) or ((match := PLAIN.fullmatch(clause)) and PLAINLY(clause, match)) or None


def _read_since(clause: str) -> list[Limit] | None:
    """`[subject] trigger span` or `[subject] trigger at once`."""
    for trigger, pattern in _TRIGGERS:
        match = pattern.match(clause)
        within = _within(clause[match.end() :]) if match else None
        if match and within:
            event = match.groupdict().get("event") or None
            subject = subject_of(match["subject"])
            return [Limit(wording=clause, subject=subject, trigger=trigger, event=event, within=within)]
    return None


def _within(text: str) -> Span | None:
    if match := _WITHIN.fullmatch(text):
        return span_of(match["span"])
    return AT_ONCE if _SOON.fullmatch(text) else None
