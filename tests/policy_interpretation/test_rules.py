"""The pure decisions: time limits, texts, states."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from libs.common.errors import Malformed, PersonalDataFound, SameHands, TooLarge
from libs.common.workdays import Calendar
from services.policy_interpretation import rules
from services.policy_interpretation.rules import DocumentNotLive, State, Text

CALENDAR = Calendar()
TEXT = Text("文字解读", "text", "<p>为什么出台</p>", {"background": "原有规定额度偏低。"})


@pytest.mark.parametrize(
    ("published_at", "due"),
    [
        ("2026-03-02T09:00+08:00", "2026-03-05"),  # Monday to Thursday
        ("2026-04-28T09:00+08:00", "2026-05-06"),  # 1-5 May are a holiday
        ("2026-09-18T09:00+08:00", "2026-09-22"),  # Sunday, 20 September, is worked
        ("2026-02-13T09:00+08:00", "2026-02-25"),  # Saturday, 14 February, is worked; then the Spring Festival
        ("2026-05-02T09:00+08:00", "2026-05-08"),  # published on a holiday
        ("2026-04-27T15:59+00:00", "2026-04-30"),  # 23:59 in China
        ("2026-04-27T16:00+00:00", "2026-05-06"),  # midnight in China: already the next day
    ],
)
def test_the_limit_is_three_working_days(published_at: str, due: str) -> None:
    deadline = rules.due(datetime.fromisoformat(published_at), CALENDAR)
    assert (deadline.on, deadline.provisional) == (date.fromisoformat(due), False)


def test_the_limit_is_provisional_until_the_holiday_notice_is_out() -> None:
    assert rules.due(datetime(2026, 12, 30, tzinfo=UTC), CALENDAR).provisional


def test_a_duty_is_overdue_after_its_last_day() -> None:
    last = date(2026, 5, 6)
    assert not rules.is_overdue("open", last, last)
    assert rules.is_overdue("open", last, date(2026, 5, 7))
    assert not rules.is_overdue("open", None, last)
    assert not rules.is_overdue("discharged", last, date(2026, 5, 7))


def test_a_body_is_sanitised() -> None:
    dirty = replace(TEXT, body_html='<p onclick="x()">解读</p><script>alert(1)</script>')
    assert rules.clean(dirty).body_html == "<p>解读</p>"


@pytest.mark.parametrize("body", ["<p> </p>", "<script>alert(1)</script>", "<!-- 解读 -->"])
def test_an_empty_body_is_refused(body: str) -> None:
    with pytest.raises(Malformed):
        rules.clean(replace(TEXT, body_html=body))


def test_a_picture_is_a_body() -> None:
    picture = replace(TEXT, form="image", body_html='<img src="https://example.gov.cn/one.png">')
    assert "<img" in rules.clean(picture).body_html


@pytest.mark.parametrize("character", ["解", "&", '"', "\x01"])
def test_what_no_event_can_carry_is_refused(character: str) -> None:
    with pytest.raises(TooLarge):
        rules.clean(replace(TEXT, body_html=character * 110_000))


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("body.title", replace(TEXT, title="请联系13800138000")),
        ("body.body_html", replace(TEXT, body_html="<p>身份证11010519491231002<b>X</b></p>")),
        ("body.sections.contact", replace(TEXT, sections={"contact": "张三 13800138000"})),
    ],
)
def test_personal_numbers_are_found_wherever_they_stand(field: str, text: Text) -> None:
    with pytest.raises(PersonalDataFound) as refusal:
        rules.check_personal_data(text)
    assert refusal.value.field == field
    assert "13800138000" not in str(refusal.value.facts)


def test_an_office_telephone_is_no_personal_number() -> None:
    rules.check_personal_data(replace(TEXT, sections={"contact": "县民政局 0999-8123456"}))


def test_no_writer_approves() -> None:
    rules.check_approver("c", ["a", "b"])
    with pytest.raises(SameHands):
        rules.check_approver("b", ["a", "b"])


def test_what_approval_leads_to_depends_on_the_document() -> None:
    assert rules.state_after_approval("prepared") is State.READY
    assert rules.state_after_approval("live") is State.APPROVED
    with pytest.raises(DocumentNotLive):
        rules.state_after_approval("withdrawn")


@pytest.mark.parametrize("document", ["prepared", "withdrawn"])
def test_nothing_is_released_before_or_after_its_document(document: str) -> None:
    rules.check_live("live")
    with pytest.raises(DocumentNotLive):
        rules.check_live(document)
