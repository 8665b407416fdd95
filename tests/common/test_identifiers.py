"""Codes of organisations, ids that sort by time, and document numbers."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from uuid import UUID

import pytest

from libs.common.identifiers import DocNumberError, Uuid7Sequence, is_uscc, normalise_doc_number, uuid7


@pytest.mark.parametrize(
    "code", ["11500382774856013D", "11370321004221396B", "113417020032563511", "113708280043326001"]
)
def test_credit_codes_of_public_index_numbers_are_valid(code: str) -> None:
    assert is_uscc(code)
    assert not is_uscc(code[:-1] + ("0" if code[-1] != "0" else "1"))


@pytest.mark.parametrize(
    "code",
    [
        "",
        "11500382774856013d",
        "1150038277485601 3D",
        "11500382774856013D ",
        "1150038277485601",
        "I1500382774856013D",
    ],
)
def test_other_spellings_are_not_stored(code: str) -> None:
    assert not is_uscc(code)


def test_ids_are_of_version_7_and_carry_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000 + 1


def test_ids_rise_within_a_millisecond_and_when_the_clock_steps_back() -> None:
    moments = iter([5_000_000] * 1000 + [3_000_000] * 1000 + [6_000_000] * 1000)
    sequence = Uuid7Sequence(clock=lambda: next(moments))
    made = [sequence.next() for _ in range(3000)]
    assert all(a < b for a, b in pairwise(made))
    assert {one.int >> 80 for one in made} == {5, 6}


def test_a_spent_counter_goes_ahead_of_the_clock() -> None:
    sequence = Uuid7Sequence(clock=lambda: 5_000_000)
    first = sequence.next()
    sequence._counter = (1 << 42) - 1
    last = sequence.next()
    assert first < last
    assert last.int >> 80 == 6
    assert last.version == 7


def test_threads_share_one_order() -> None:
    def many(_: int) -> list[UUID]:
        return [uuid7() for _ in range(2000)]

    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(many, range(8)))
    assert all(a < b for batch in batches for a, b in pairwise(batch))
    assert len({one for batch in batches for one in batch}) == 16_000


@pytest.mark.parametrize(
    "written",
    [
        "国办发〔2017〕42号",
        "国办发[2017]42号",
        "国办发(2017)42号",
        "国办发\uff082017\uff0942号",
        "国办发\uff3b2017\uff3d42号",
        "国办发\ufe5d2017\ufe5e42号",
        "国办发【2017】42号",
        "国办发〔2017]42号",
        "国办发〔\uff12\uff10\uff11\uff17〕42号",
        " 国办发 [ 2017 ] 42 号 ",
        "国办发〔2017〕\u300042\u00a0号\n",
    ],
)
def test_brackets_and_spaces_become_one_form(written: str) -> None:
    assert normalise_doc_number(written) == "国办发〔2017〕42号"


@pytest.mark.parametrize("number", ["曾政办发〔2020〕12号", "国务院令第711号", "公告2023年第5号", "X政字〔2026〕1号"])
def test_good_numbers_stay(number: str) -> None:
    assert normalise_doc_number(number) == number


@pytest.mark.parametrize(
    "number",
    ["国办发〔201742号", "国办发201742号", "国办发2017〕42号", "国办发[201742号", "国办发〔2017 42号"],
)
def test_lost_brackets_are_reported(number: str) -> None:
    with pytest.raises(DocNumberError, match="括号不完整"):
        normalise_doc_number(number)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "通知",
        "〔2017〕42号",
        "国办发〔2017〕号",
        "国办发〔2017〕42",
        "国办发〔17〕42号",
        "字" * 80 + "〔2017〕42号",
    ],
)
def test_other_texts_are_no_numbers(number: str) -> None:
    with pytest.raises(ValueError, match="格式不正确"):
        normalise_doc_number(number)
