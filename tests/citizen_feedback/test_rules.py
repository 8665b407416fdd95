"""The pure decisions: codes, promises, the bound on questions, what may be public."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.errors import Gone, PersonalDataFound, SameHands, WrongState
from libs.common.events import PublishedReply, ResponsePublished
from libs.common.outbox import MAX_PAYLOAD_BYTES
from libs.common.workdays import Calendar
from services.citizen_feedback import rules

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
codes = st.integers(0, 2**80 - 1)


def test_a_query_code_is_four_groups_of_crockford_digits() -> None:
    assert rules.query_code(0) == "0000-0000-0000-0000"
    assert rules.query_code(2**80 - 1) == "ZZZZ-ZZZZ-ZZZZ-ZZZZ"
    assert rules.query_code(17) == "0000-0000-0000-000H"


@given(codes, codes)
def test_different_numbers_are_different_codes(one: int, other: int) -> None:
    assert (rules.query_code(one) == rules.query_code(other)) == (one == other)


@given(codes)
def test_a_code_is_understood_however_it_is_written(number: int) -> None:
    code = rules.query_code(number)
    misread = code.lower().replace("0", "o").replace("1", "l").replace("-", " ")
    assert rules.query_code_hash(misread) == rules.query_code_hash(code)
    assert len(rules.query_code_hash(code)) == 32


@pytest.mark.parametrize(
    ("asked_at", "last_day"),
    [
        (datetime(2026, 3, 2, 1, 30, tzinfo=UTC), date(2026, 3, 23)),
        (datetime(2026, 3, 2, 17, 0, tzinfo=UTC), date(2026, 3, 24)),  # already the 3rd in China
        (datetime(2026, 9, 28, 1, 0, tzinfo=UTC), date(2026, 10, 23)),  # past the National Day, a Saturday made up for
    ],
)
def test_a_reply_is_promised_within_15_working_days(asked_at: datetime, last_day: date) -> None:
    assert rules.answer_by(asked_at, Calendar.load(None)) == last_day


def test_asking_about_a_withdrawn_document_is_refused() -> None:
    with pytest.raises(Gone):
        rules.check_may_ask("closed", None, NOW)


def test_too_many_waiting_questions_say_when_to_come_back() -> None:
    rules.check_may_ask("open", None, NOW)
    rules.check_may_ask("open", NOW - timedelta(hours=1), NOW)
    with pytest.raises(rules.TooManyQuestions) as refused:
        rules.check_may_ask("open", NOW - timedelta(minutes=59), NOW)
    assert refused.value.headers == {"Retry-After": "61"}


def test_whoever_replied_may_not_publish() -> None:
    rules.check_other_hands("editor", "reviewer")
    with pytest.raises(SameHands):
        rules.check_other_hands("editor", "editor")


def test_a_withdrawn_document_gets_no_public_reply() -> None:
    rules.check_still_live("open")
    with pytest.raises(WrongState):
        rules.check_still_live("closed")


@pytest.mark.parametrize(
    ("text", "contact"),
    [
        ("请与13812345678联系。", None),
        ("请与１３８１２３４５６７８联系。", None),
        ("来信人身份证11010519491231002X。", None),
        ("请打0991-7654321。", "王小明 0991-7654321"),
        ("请加微信 Wang_1988x。", "wang_1988x"),
        ("已回复 WANG@example.com。", "wang@example.com"),
    ],
)
def test_personal_data_does_not_become_public(text: str, contact: str | None) -> None:
    with pytest.raises(PersonalDataFound) as refused:
        rules.check_free_of_personal_data("public_reply", text, contact)
    assert refused.value.field == "body.public_reply"
    assert text not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "contact"),
    [
        ("预计2026年6月底前发放到户。", "王"),
        ("请到县政务服务中心办理,统一社会信用代码11990001MB00000115。", "县政务服务中心"),
        ("自2026年起执行。", "2026年"),
    ],
)
def test_ordinary_words_may_be_public(text: str, contact: str) -> None:
    rules.check_free_of_personal_data("public_reply", text, contact)


def test_an_event_of_the_longest_replies_fits() -> None:
    longest = PublishedReply(
        question_id=UUID(int=2**128 - 1),
        question="𠮷" * 1_000,
        reply="𠮷" * 2_000,
        organisation="x" * 40,
        replied_at=NOW,
    )
    said = ResponsePublished(
        version=2**62,
        at=NOW,
        document=UUID(int=2**128 - 1),
        region="990001000000",
        organisation="x" * 40,
        replies=[longest] * rules.SHOWN_IN_EVENT,
    )
    assert len(said.model_dump_json().encode()) <= MAX_PAYLOAD_BYTES
