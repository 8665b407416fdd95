"""The phrases of time limits, as they stand in real catalogs, and what each of them says.

They are patterns of a whole clause, without spaces and with half-width signs. Their groups: `subject` is the part
that the limit is for, `event` what it runs from, `span` how long.
"""

import re
from collections.abc import Callable
from typing import Any

from services.catalog.rules.time_limits import MOST_AMOUNT, Limit, Recurrence, Span, Trigger, Unit

Build = Callable[[str, re.Match[str]], list[Limit]]

AT_ONCE = Span(amount=0, unit=Unit.DAY)

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_UNITS = {
    "工作日": (1, Unit.WORKDAY),
    "自然日": (1, Unit.DAY),
    "日": (1, Unit.DAY),
    "天": (1, Unit.DAY),
    "周": (7, Unit.DAY),
    "星期": (7, Unit.DAY),
    "月": (1, Unit.MONTH),
    "年": (1, Unit.YEAR),
}
_PERIODS = {"月": "month", "季": "quarter", "季度": "quarter", "半年": "half_year", "年": "year", "年度": "year"}

_N = r"(?:\d{1,4}|[一二两三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九])"
SPAN = rf"{_N}个?(?:{'|'.join(_UNITS)})"
PUBLISH = (
    r"(?:(?:主动|予以|向社会|专项|更新|正式|执行|依法)*"
    r"(?:公开|公布|公示|公告|发布|更新|披露|曝光|上网|执行)(?:曝光)?)"
)
PLACE = r"(?:在[^,0-9]{1,15}?)?"
REGULARLY = re.compile(rf"定期{PUBLISH}?")

_SUBJECT = r"(?P<subject>(?:[^,0-9]{1,20}的,)?[^,0-9]{0,30}?)"
_EVENT = r"(?P<event>[^,0-9在]{2,20}?)"
_SPAN = rf"(?P<span>{SPAN})"
_PERIOD = r"(?:一个|个)?(?P<period>半年|季度|季|年度|年|月)"
_BY_DAY = r"(?:(?P<day>\d{1,2})|底|末)(?:日|号)?(?:之?前|以前)?"
_TIMES = rf"{PUBLISH}?(?:{_N}次)?"
_SOON = r"(?:及时|实时|随时|即时|立即)"
_AT_LEAST = r"(?:为|至少|不少于|不得少于|不低于|不短于)+"
_ADJUSTED = r"(?:\(?(?:动态调整|动态更新)\)?)?"


def subject_of(text: str | None) -> str | None:
    """The part that a limit is for, without the words that tie it to the clause."""
    return re.sub(r"^(?:其中|但|对|凡)|(?:自|在|的|应当?|另|按|等)+$", "", text or "") or None


def span_of(text: str) -> Span:
    """`20个工作日`, `一周`, `3年`."""
    match = re.fullmatch(rf"({_N})个?(.+)", text)
    assert match is not None, text
    factor, unit = _UNITS[match[2]]
    return Span(amount=min(_number(match[1]) * factor, MOST_AMOUNT), unit=unit)


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    return (_DIGITS[tens] if tens else 1) * 10 * bool(ten) + (_DIGITS[ones] if ones else 0)


def _says(**fixed: Any) -> Build:
    """A clause that is one limit: `fixed`, and what its groups say."""

    def build(clause: str, match: re.Match[str]) -> list[Limit]:
        groups = match.groupdict()
        said = {name: span_of(groups["span"]) if value is ... else value for name, value in fixed.items()}
        return [Limit(wording=clause, subject=subject_of(groups.get("subject")), event=groups.get("event"), **said)]

    return build


def _take_down(clause: str, match: re.Match[str]) -> list[Limit]:
    spans = re.findall(rf"([^、,满0-9]+)满({SPAN})", match["spans"])
    return [Limit(wording=clause, subject=subject, take_down=span_of(span)) for subject, span in spans]


def _every(clause: str, match: re.Match[str]) -> list[Limit]:
    groups = match.groupdict()
    month = groups.get("month") or "0"
    by = {"month": int(month) if month.isdigit() else 1, "day": int(groups.get("day") or 0)}
    recurrence = Recurrence.model_validate({"every": _PERIODS[groups["period"]], **by})
    return [Limit(wording=clause, subject=subject_of(groups.get("subject")), recurrence=recurrence)]


_AT_ONCE = _says(trigger=Trigger.FORMED, within=AT_ONCE)
_ALONGSIDE = _says(trigger=Trigger.EVENT, within=AT_ONCE)
_BEFORE = _says(trigger=Trigger.BEFORE, within=...)
_DISPLAY = _says(display=...)
_PERMANENT = _says(permanent=True)

PHRASES: list[tuple[re.Pattern[str], Build]] = [
    (re.compile(pattern), build)
    for pattern, build in (
        # 及时公开; 重大事项随时公开
        (rf"(?:按进展情况|随进展)?{_SOON}(?:主动)?{PUBLISH}?", _AT_ONCE),
        (rf"(?P<subject>[^,0-9]{{2,16}}(?:事项|情况|报告|信息|结果))(?:依法|应当?)*{_SOON}{PUBLISH}", _AT_ONCE),
        # 启动拟征收土地工作时在村公示栏公开; 随采购公告公开; 同政策文件同步发布
        (rf"{_EVENT}(?:同时|(?<![及随实即])时){PLACE}{PUBLISH}", _ALONGSIDE),
        (rf"(?:随|同|与){_EVENT}(?:同步|一并|一起)?{PUBLISH}", _ALONGSIDE),
        # 长期公开,变更后及时更新; 除处罚决定外其他内容长期公开(动态调整)
        (rf"(?P<subject>除[^,]+?外?其他(?:内容|信息|事项)?)(?:长期|永久|常年){PUBLISH}{_ADJUSTED}", _PERMANENT),
        (rf"{_SUBJECT}(?:长期|永久|常年){PUBLISH}{_ADJUSTED}(?:,(?:变更后|更新)?(?:及时|即)?{PUBLISH})?", _PERMANENT),
        # 公示时间不少于7个工作日; 公示7个工作日
        (rf"{_SUBJECT}(?:征求意见|预公告|{PUBLISH})(?:时间|期限|期)?{_AT_LEAST}{_SPAN}(?:以上)?", _DISPLAY),
        (rf"{_SUBJECT}(?:公示|公告){_SPAN}(?:以上)?", _DISPLAY),
        # 情况复杂经批准可延长7个工作日
        (rf"(?:情况复杂的?,?)?经批准后?可以?再?延长{_SPAN}", _says(extension=...)),
        # 企业处罚公示满5年、个人满3年不再公示
        (rf"(?:处罚公示:)?(?P<spans>[^,]*满{SPAN}(?:[、,][^,、]*满{SPAN})*)(?:后|的)?不再{PUBLISH}", _take_down),
        # 每20个工作日内更新
        (rf"(?:至少)?每(?P<span>{_N}个?(?:工作日|日|天|周|月))之?内?(?:至少)?{_TIMES}", _says(interval=...)),
        # 每季度的首个月20日; 每年1月31日前; 每月10日前; 至少每季度公开一次; 半年至少更新1次
        (rf"{_SUBJECT}(?:至少)?每{_PERIOD}的?(?P<month>首个|第一个|首|\d{{1,2}})月份?的?{_BY_DAY}{PUBLISH}?", _every),
        (rf"{_SUBJECT}每(?P<period>月)的?{_BY_DAY}{PUBLISH}?", _every),
        (rf"{_SUBJECT}(?:至少)?每{_PERIOD}(?:至少)?{_TIMES}", _every),
        (rf"{_SUBJECT}(?P<period>半年)内?(?:至少)?{_TIMES}", _every),
        # 听证通知书在组织听证7个工作日前; 提前一周发通知邀请
        (rf"{_SUBJECT}(?:至少|应当?)?在?{_EVENT}{_SPAN}(?:之?前|以前){PUBLISH}?", _BEFORE),
        (rf"{_SUBJECT}(?:至少|应当?)?在{_EVENT}之?前{_SPAN}{PUBLISH}?", _BEFORE),
        (rf"(?:至少)?提前{_SPAN}(?P<subject>[^,0-9]{{0,12}})", _BEFORE),
    )
]

# 20个工作日; 执法决定信息7个工作日内: from the forming of the information (《政府信息公开条例》 art. 26). A subject
# that speaks of a point in time would be a trigger that is not understood.
PLAIN = re.compile(rf"(?P<subject>[^,0-9起后前时原现]{{0,20}}?)(?:另?按)?{_SPAN}之?内?(?:{PLACE}{PUBLISH})?")
PLAINLY = _says(trigger=Trigger.FORMED, within=...)
