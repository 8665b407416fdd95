"""Cursors come back as they left, and only to the listing they left from."""

import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from libs.common.paging import LONGEST_TOKEN, Cursors, ForgedCursor, next_link

CURSORS = Cursors(b"a secret for tests only")
TOKEN = CURSORS.sign(("2026-03-02T08:00:00Z", 17), "listing")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
positions = st.lists(texts | st.integers(-(2**63), 2**63 - 1), max_size=3).map(tuple)


@given(positions, texts)
def test_a_cursor_comes_back_as_it_left(position: tuple[str | int, ...], scope: str) -> None:
    token = CURSORS.sign(position, scope)
    assert len(token) <= LONGEST_TOKEN
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert CURSORS.read(token, scope) == position


@given(positions, texts, texts)
def test_a_cursor_of_another_listing_is_refused(position: tuple[str | int, ...], scope: str, other: str) -> None:
    assume(scope != other)
    with pytest.raises(ForgedCursor):
        CURSORS.read(CURSORS.sign(position, scope), other)


@given(st.data())
def test_a_changed_cursor_is_refused(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(TOKEN) - 1))
    character = data.draw(st.characters().filter(lambda c: c != TOKEN[place]))
    with pytest.raises(ForgedCursor):
        CURSORS.read(TOKEN[:place] + character + TOKEN[place + 1 :], "listing")


@given(st.text(max_size=600) | st.binary(max_size=300).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_invented_cursors_are_refused(token: str) -> None:
    with pytest.raises(ForgedCursor):
        CURSORS.read(token, "listing")


@pytest.mark.parametrize(
    "token",
    ["", "=", "A", TOKEN + "=", TOKEN + "A", TOKEN[:-1], TOKEN + "\n", " " + TOKEN, TOKEN * 20, "你好", "\0"],
)
def test_near_misses_are_refused(token: str) -> None:
    with pytest.raises(ForgedCursor):
        CURSORS.read(token, "listing")


def test_a_cursor_has_one_spelling() -> None:
    for spelling in {TOKEN[:-1] + c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"}:
        if spelling != TOKEN:
            with pytest.raises(ForgedCursor):
                CURSORS.read(spelling, "listing")


def test_another_secret_is_another_signature() -> None:
    with pytest.raises(ForgedCursor):
        Cursors(b"a different secret here").read(TOKEN, "listing")
    assert Cursors(b"a secret for tests only").read(TOKEN, "listing") == ("2026-03-02T08:00:00Z", 17)


@pytest.mark.parametrize("body", [b"{}", b'"x"', b"[true]", b"[null]", b"[1.5]", b"[[1]]"])
def test_a_signed_body_of_another_shape_is_refused(body: bytes) -> None:
    token = base64.urlsafe_b64encode(CURSORS._mac(body, "listing") + body).rstrip(b"=").decode()
    with pytest.raises(ForgedCursor):
        CURSORS.read(token, "listing")


@pytest.mark.parametrize("position", [(True,), (None,), (1.5,), (("nested",),)])
def test_only_strings_and_integers_are_signed(position: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match="strings and integers"):
        CURSORS.sign(position, "listing")  # type: ignore[arg-type]  # what the type refuses, the code does too


def test_what_could_not_be_read_is_not_signed() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        CURSORS.sign(("x" * LONGEST_TOKEN,), "listing")
    with pytest.raises(ValueError, match="16 bytes"):
        Cursors(b"short")


def test_the_link_leads_to_the_same_listing() -> None:
    params = {"field": "社会救助", "q": 'a&b=c #"<>', "cursor": "old"}
    link = next_link("/publication/listings/990001000000", params, TOKEN)
    assert link.isascii()
    url, rel = link.split("; ")
    assert rel == 'rel="next"'
    parts = urlsplit(url.strip("<>"))
    assert parts.path == "/publication/listings/990001000000"
    assert parse_qs(parts.query) == {"field": ["社会救助"], "q": ['a&b=c #"<>'], "cursor": [TOKEN]}


def test_the_path_cannot_end_the_link_or_leave_the_host() -> None:
    link = next_link('/a>; rel="x"\r\n/目录', {}, "c")
    assert link.count(">") == 1
    assert "\n" not in link
    assert link.startswith("</a%3E%3B%20rel%3D%22x%22%0D%0A/%E7%9B%AE%E5%BD%95?cursor=c>")
    for path in ("//elsewhere.example/x", "https://elsewhere.example", ""):
        with pytest.raises(ValueError, match="absolute path"):
            next_link(path, {}, "c")


def test_the_body_stays_small() -> None:
    assert json.loads(base64.urlsafe_b64decode(TOKEN + "==")[16:]) == ["2026-03-02T08:00:00Z", 17]
