"""Personal numbers are found in Chinese text, and other numbers are left alone."""

import time
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric, uscc

from libs.common.personal_data import Finding, Kind, find, mask

ID = "110101199003074514"[:17] + ric.calc_check_digit("110101199003074510")
CARD = "622202123456789012" + luhn.calc_check_digit("622202123456789012")
USCCS = [
    "11500382774856013D",
    "11370321004221396B",
    "11441700007280420Y",
    "11620622013933539B",
    "113417020032563511",
    "113708280043326001",
]

han = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF) | st.sampled_from(",。:()\n"), max_size=40)
regions = st.sampled_from(["110101", "330106", "440305", "500117", "620622", "710000", "810000", "990001", "914400"])
births = st.dates(date(1900, 1, 1), date(2026, 12, 31)).map(lambda day: day.strftime("%Y%m%d"))


def digits(least: int, most: int | None = None) -> st.SearchStrategy[str]:
    """A string of that many digits."""
    return st.text("0123456789", min_size=least, max_size=most or least)


@st.composite
def citizen_ids(draw: st.DrawFn) -> str:
    body = draw(regions) + draw(births) + draw(digits(3))
    return body + ric.calc_check_digit(body + "0")


mobiles = st.builds("1{}{}".format, st.integers(3, 9), digits(9))
cards = st.builds("{}{}".format, st.sampled_from(["62", "40", "51"]), digits(13, 16)).map(
    lambda body: body + luhn.calc_check_digit(body)
)


def kinds(text: str) -> list[Kind]:
    return [finding.kind for finding in find(text)]


@given(han, citizen_ids(), han)
def test_identity_numbers_are_found(before: str, number: str, after: str) -> None:
    for written in (number, number.lower(), number.translate({ord(str(d)): 0xFF10 + d for d in range(10)})):
        masked = number[:3] + "*" * 11 + written.translate({0xFF10 + d: str(d) for d in range(10)})[-4:]
        text = before + written + after
        assert find(text) == [Finding(Kind.citizen_id, len(before), len(before) + 18, masked)]


@given(han, citizen_ids(), han, st.integers(1, 10))
def test_a_wrong_check_digit_is_nobody(before: str, number: str, after: str, step: int) -> None:
    alphabet = "0123456789X"
    wrong = number[:17] + alphabet[(alphabet.index(number[17]) + step) % 11]
    assert Kind.citizen_id not in kinds(before + wrong + after)


@given(han, mobiles, han)
def test_mobile_numbers_are_found(before: str, number: str, after: str) -> None:
    masked = number[:3] + "****" + number[7:]
    for prefix in ("", "+86", "86", "0086", "+86 ", "tel"):
        start = len(before + prefix)
        assert find(before + prefix + number + after) == [Finding(Kind.mobile, start, start + 11, masked)]


@given(han, cards, han)
def test_bank_cards_are_found(before: str, number: str, after: str) -> None:
    # A card of 18 digits may be an identity number or a credit code as well; those have their own tests.
    assume(len(number) != 18)
    start = len(before)
    masked = "*" * (len(number) - 4) + number[-4:]
    assert find(before + number + after) == [Finding(Kind.bank_card, start, start + len(number), masked)]


@given(han, cards, han, st.integers(1, 9))
def test_a_card_that_fails_luhn_is_none(before: str, number: str, after: str, step: int) -> None:
    wrong = number[:-1] + str((int(number[-1]) + step) % 10)
    assert Kind.bank_card not in kinds(before + wrong + after)


@given(st.lists(han | citizen_ids() | mobiles | cards, max_size=6).map("、".join))
def test_findings_are_in_order_and_masking_leaves_none(text: str) -> None:
    findings = find(text)
    assert all(a.end <= b.start for a, b in pairwise(findings))
    assert len(mask(text)) == len(text)
    assert find(mask(text)) == []
    assert mask(mask(text)) == mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026年3月2日,共1234567890123元",
        "索引号11500382774856013D/2024-00016",
        "000014349/2017-00110",
        "电话0632-1234567",
        "12800138000",
        "138001380001",
        "100000199013321239",
        "流水号20240101123456782",
        "11010119900307451",
        f"1{ID}",
        f"{ID}9",
        "020101199003074510",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize("code", USCCS)
def test_credit_codes_are_public(code: str) -> None:
    assert uscc.is_valid(code)
    assert find(f"统一社会信用代码{code},账号见附件") == []
    assert find(code.lower()) == []


def test_a_person_is_a_person_even_when_the_number_passes_for_a_credit_code() -> None:
    both = next(
        body + ric.calc_check_digit(body + "0")
        for body in (f"11010119900307{serial:03}" for serial in range(1000))
        if uscc.is_valid(body + ric.calc_check_digit(body + "0"))
    )
    assert kinds(both) == [Kind.citizen_id]


def test_a_word_beside_it_makes_a_card_of_other_prefixes_and_of_groups() -> None:
    other = "900202123456789" + luhn.calc_check_digit("900202123456789")
    assert kinds(other) == []
    for word in ("卡号", "账号", "银行卡"):
        assert kinds(f"{word}:{other}") == [Kind.bank_card]
        assert kinds(f"{other}({word})") == [Kind.bank_card]
    grouped = " ".join((CARD[:4], CARD[4:8], CARD[8:12], CARD[12:16], CARD[16:]))
    assert kinds(f"{grouped} 元") == []
    assert mask(f"卡号 {grouped}。") == f"卡号 {'*' * 15}{CARD[-4:]}。"


def test_grouped_mobile_numbers_are_found() -> None:
    assert mask("联系人:138 0013 8000、138-0013-8000") == "联系人:138****8000、138****8000"
    assert find("138\t0013\t8000") == []


def test_offsets_refer_to_the_text_as_given() -> None:
    # A compound that NFKC would stretch, footnote marks, a zero-width space and a soft hyphen.
    text = "\u3231\u246013800138000\u00b2、\u338f138\u200b0013\u00ad8000完"
    first, second = find(text)
    assert text[first.start : first.end] == "13800138000"
    assert text[second.start : second.end] == "138\u200b0013\u00ad8000"
    assert mask(text) == "\u3231\u2460138****8000\u00b2、\u338f138****8000完"


def test_punctuation_is_not_touched_by_masking() -> None:
    text = "张三\uff08身份证号\uff1a" + ID + "\uff09"
    assert mask(text) == text.replace(ID, "110***********" + ID[-4:])


def test_a_table_of_ten_thousand_people_is_read_quickly() -> None:
    text = "\n".join(f"村民{n}\t{ID}\t13800138000\t{CARD}" for n in range(10_000))
    began = time.process_time()
    assert len(find(text)) == 30_000
    assert time.process_time() - began < 5


@pytest.mark.parametrize("text", ["1" * 100_000, "6222 " * 20_000, "86" * 50_000, "\u200b" * 100_000])
def test_hostile_texts_take_linear_time(text: str) -> None:
    began = time.process_time()
    find(text)
    assert time.process_time() - began < 2
