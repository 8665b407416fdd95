"""Deep nesting is refused before it costs the sanitiser time; ordinary documents never are."""

import random
import re
import time

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.html import sanitise
from libs.common.nesting import MOST_NESTED, check_nesting

ELEMENTS = re.split(
    r"\s",
    "p div span b i a li ul dd dt dl table tr td th tbody caption h1 blockquote strong x svg style select button"
    " object template option font nobr script textarea title math figure",
)
ODDITIES = re.split(
    "@",
    '<!--@-->@<![CDATA[@]]>@<a ">@<a x="@\'>@text@</>@<!x@<?@<p/>@<a title="<!--">@<b id=1>@<br>@</p >@</br>',
)


def depth(well_formed: str) -> int:
    """How deep a sanitised text is nested."""
    deep = deepest = 0
    for slash, name in re.findall(r'<(/?)([a-z0-9]+)(?:[^>"]|"[^"]*")*>', well_formed):
        if name not in ("br", "hr", "img", "col"):
            deep += -1 if slash else 1
            deepest = max(deepest, deep)
    return deepest


@pytest.mark.parametrize("element", ["div", "span", "b", "table", "ul", "x-unknown", "font", "blockquote"])
def test_a_hundred_are_taken_and_more_are_not(element: str) -> None:
    check_nesting(f"<{element}>" * MOST_NESTED + f"</{element}>" * MOST_NESTED)
    check_nesting(f"<{element}>text</{element}>" * 1000)
    for deep in (f"<{element}>" * 101, f"<{element} class='a'>" * 101 + f"</{element}>" * 101):
        with pytest.raises(ValueError, match="嵌套过深"):
            sanitise(deep)


@pytest.mark.parametrize(
    "long",
    [
        "<p>一段",
        "<li>一项",
        "<ul><li>一<li>二<ol><li>三</ol></ul>",
        "<table><tr><td>一<td>二<tr><th>三<td>四</table>",
        "<table><thead><tr><th>一</th></tr></thead><tbody><tr><td><p>二</p></td></tr></tbody></table>",
        "<dl><dt>一<dd>二<dd>三<p>四</dl>",
        "<p>一<div>二</div>",
        "<div><p>没有闭合</div>",
        '<br><img src="a.png"><hr/>',
        "<p class='a>b'>一</p><p title=\"</p><div>\">二</p>",
        "<p>一 < 二 </p><p>&lt;div&gt;</p></>",
        '<!--[if gte mso 9]><xml><w:x Name="a"/><w:y/></xml><![endif]-->',
        "<style>p > b { color: red } /* <div> */</style>".replace("<div>", ""),
        "<?xml:namespace prefix = o />",
        "<P><STRONG><SPAN lang=EN-US>一</SPAN></STRONG></P>",
    ],
)
def test_long_documents_are_not_deep(long: str) -> None:
    check_nesting(long * 1000)


@pytest.mark.parametrize(
    "hidden",
    [
        "<div title='</div>'>",
        "<div><!-- </div> -->",
        "<div><!</div>>",
        "<div></ div>",
        "<div><style></div></style>",
        "<div><textarea></div></textarea>",
        "<span><p></span></p>",
        "<span><div></span></div>",
        "<dd><li>",
        "<div><table><td></div></table>",
        "<div><svg><![CDATA[>]</div>]]></svg>",
        "<div><script><!--<script></script></div></script>",
        '<a "><div><a ">',
        "<!--><div><!-->",
        "<div/>",
        "<DIV\n>",
    ],
)
def test_no_end_tag_that_parsers_ignore_is_believed(hidden: str) -> None:
    with pytest.raises(ValueError, match="嵌套过深"):
        check_nesting(hidden * 400)


@given(st.randoms(use_true_random=False))
def test_what_is_taken_is_never_deep(chance: random.Random) -> None:
    def piece() -> str:
        element = chance.choice(ELEMENTS)
        return chance.choice([chance.choice(ODDITIES), f"<{element}>", f"<{element}>", f"</{element}>"])

    text = piece() + piece() + "".join(piece() for _ in range(chance.randint(1, 8))) * 200
    try:
        check_nesting(text)
    except ValueError:
        return
    assert depth(nh3.clean(text)) < 200


@pytest.mark.parametrize(
    "piece", ["<div>", "<a ", "<!--", '<a x="', "<a x='", "<p>", "</p>", "<p><li>", "<", "</", "<!", "<b></b>", "<td>"]
)
def test_the_largest_body_is_told_within_moments(piece: str) -> None:
    text = (piece * 300_000)[:300_000]
    began = time.process_time()
    try:
        check_nesting(text)
    except ValueError:
        assert piece == "<div>"
    assert time.process_time() - began < 5  # 0.4 s at most on an ordinary machine; quadratic: minutes
