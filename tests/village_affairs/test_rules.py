"""The pure decisions about notices and boards."""

from datetime import date

import pytest

from libs.common import personal_data
from libs.common.errors import Malformed, PersonalDataFound, SameHands
from libs.common.events import Reach
from services.village_affairs import rules


@pytest.mark.parametrize("html", ["", " ", "<p></p>", "<p>&nbsp;</p>", "<table><tr><td></td></tr></table>"])
def test_an_empty_text_is_refused(html: str) -> None:
    with pytest.raises(Malformed):
        rules.check_body(html)


@pytest.mark.parametrize("html", ["公开", "<p>公开</p>", '<img src="/a.png">', '<p><img alt="公示栏照片"></p>'])
def test_texts_and_pictures_are_contents(html: str) -> None:
    rules.check_body(html)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("身份证11010519491231002X", "citizen_id"),
        ("电话13800138000", "mobile"),
        ("卡号6222021234567890128", "bank_card"),
    ],
)
def test_numbers_of_people_are_found_and_not_repeated(text: str, kind: str) -> None:
    with pytest.raises(PersonalDataFound) as refused:
        personal_data.refuse([("title", "公开"), ("period", None), ("body.reason", text)])
    assert refused.value.field == "body.reason"
    assert refused.value.facts == {"kinds": [kind]}
    assert text not in refused.value.detail


def test_masked_numbers_and_credit_codes_pass() -> None:
    personal_data.refuse([("body_html", "王* 35*************123 138****1234 11990001MB00000115")])


def test_drafters_do_not_judge() -> None:
    rules.check_other_hands("committee", ["clerk", "second-clerk"])
    with pytest.raises(SameHands):
        rules.check_other_hands("clerk", ["clerk", "second-clerk"])


def test_minutes_are_of_the_past_or_of_today() -> None:
    rules.check_minutes(date(2026, 11, 20), date(2026, 11, 20))
    with pytest.raises(rules.MinutesInFuture):
        rules.check_minutes(date(2026, 11, 21), date(2026, 11, 20))


def test_a_board_keeps_a_notice_five_days() -> None:
    assert rules.visible_until(date(2026, 12, 29)) == date(2027, 1, 3)


@pytest.mark.parametrize(
    ("region", "reach", "reaches"),
    [
        ("990001000000", Reach(villages="all"), True),
        ("990001000000", Reach(villages=["990001101201"]), True),
        ("990001000000", Reach(towns="all"), False),
        ("990001101000", Reach(), False),
        ("990001101000", Reach(villages="all"), True),
        ("990001101201", Reach(), True),
    ],
)
def test_which_documents_belong_on_a_board(region: str, reach: Reach, reaches: bool) -> None:
    assert rules.reaches_villages(region, reach) is reaches
