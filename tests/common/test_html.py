"""What stays in rich text, what goes, and how it reads."""

from html import escape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.html import SANITISER_VERSION, sanitise, summary, text_of


class Inventory(HTMLParser):
    """What a piece of HTML is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.targets: set[str | None] = set()
        self.comments = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {(tag, name) for name, _ in attrs}
        self.targets |= {value for name, value in attrs if name in ("href", "src")}

    def handle_comment(self, data: str) -> None:
        self.comments += 1


@pytest.mark.parametrize(
    "kept",
    [
        "<h2>通知</h2><p>第一条<br>正文<strong>重点</strong><em>x</em><u>y</u><sup>2</sup><sub>3</sub></p>",
        "<ul><li>一</li></ul><ol><li>二</li></ol><blockquote>引文</blockquote>",
        '<table><thead><tr><th colspan="2" scope="col">项目</th></tr></thead>'
        '<tbody><tr><td rowspan="3">a</td><td>b</td></tr></tbody></table>',
        '<figure><img src="/files/a.png" alt="流程图"><figcaption>图一</figcaption></figure>',
        '<img src="https://www.example.gov.cn/a.png" alt="">',
        '<div><span>x</span></div><p class="text-right">阳光县人民政府</p>',
    ],
)
def test_documents_stay_as_they_are(kept: str) -> None:
    assert sanitise(kept) == kept


TARGETS = ["https://x.example/a?b=1", "http://x.example", "mailto:a@x.example", "/a", "a.html", "#b"]


@pytest.mark.parametrize("target", TARGETS)
def test_links_stay_and_get_a_rel(target: str) -> None:
    assert sanitise(f'<a href="{target}">x</a>') == f'<a href="{target}" rel="noopener noreferrer">x</a>'
    hostile = f'<a href="{target}" rel="opener" target="_blank" ping="/p">x</a>'
    assert sanitise(hostile) == f'<a href="{target}" rel="noopener noreferrer">x</a>'


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<SCRIPT SRC=//x.example/a.js></SCRIPT>",
        "<scr<script>ipt>alert(1)</script>",
        "<style>p{background:url(javascript:alert(1))}</style>",
        '<p onclick="alert(1)">x</p>',
        "<img src=x onerror=alert(1)>",
        '<img src="data:image/svg+xml;base64,PHN2Zz4=">',
        '<img src="mailto:alert(1)">',
        '<a href="javascript:alert(1)">x</a>',
        '<a href=" jAvAsCrIpT:alert(1)">x</a>',
        '<a href="java&#10;script:alert(1)">x</a>',
        '<a href="&#106;avascript:alert(1)">x</a>',
        '<a href="vbscript:alert(1)">x</a>',
        '<a href="data:text/html,<script>alert(1)</script>">x</a>',
        "<svg><script>alert(1)</script></svg>",
        "<svg onload=alert(1)><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<math href='javascript:alert(1)'><mi>x</mi></math>",
        "<iframe src=javascript:alert(1)></iframe>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<object data=javascript:alert(1)></object><embed src=javascript:alert(1)>",
        "<form action=javascript:alert(1)><button formaction=javascript:alert(1)>x</button></form>",
        "<meta http-equiv=refresh content='0;url=javascript:alert(1)'><base href=javascript:alert(1)>",
        "<p style='background:url(javascript:alert(1))'>x</p>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<textarea><img src=x onerror=alert(1)></textarea>",
        "<template><img src=x onerror=alert(1)></template>",
        "<!--><img src=x onerror=alert(1)>-->",
        "<table background=javascript:alert(1)><td background=javascript:alert(1)>x",
        "<input autofocus onfocus=alert(1)><video><source onerror=alert(1)></video>",
    ],
)
def test_nothing_that_runs_gets_through(hostile: str) -> None:
    clean = sanitise(f"<p>前</p>{hostile}<p>后</p>")
    assert clean.startswith("<p>前</p>")
    inventory = Inventory()
    inventory.feed(clean)
    inventory.close()
    assert inventory.elements <= {"p", "img", "a", "table", "tbody", "tr", "td"}
    assert inventory.attributes <= {("a", "rel"), ("img", "src")}
    assert inventory.targets <= {"x"}
    assert inventory.comments == 0


def test_formulas_and_drawings_go_with_their_content() -> None:
    assert sanitise("<p>a<math><mi>x</mi><mo>+</mo></math>b<svg><text>t</text></svg>c</p>") == "<p>abc</p>"


def test_alignment_is_the_only_class_and_no_attribute_is_left_empty() -> None:
    assert sanitise('<p class="MsoNormal text-center evil">x</p>') == '<p class="text-center">x</p>'
    assert sanitise('<p class="MsoNormal" style="text-align:center" id="a" dir="rtl">x</p>') == "<p>x</p>"
    assert sanitise('<table><tbody><tr><td colspan="99999" rowspan="x">a</td></tr></tbody></table>') == (
        "<table><tbody><tr><td>a</td></tr></tbody></table>"
    )


PIECES = [
    *(
        "<p>",
        "</p>",
        "<svg>",
        "</svg>",
        "<math>",
        "</math>",
        "<mtext>",
        "<table>",
        "<td>",
        "<style>",
        "<title>",
    ),
    *(
        "<a href=x onclick=y>",
        "</a>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "&lt;",
        "<img alt='",
        "'>",
        '"',
        "x",
    ),
]


@given(st.text() | st.lists(st.sampled_from(PIECES), max_size=15).map("".join))
def test_only_what_is_listed_comes_out(html: str) -> None:
    clean = sanitise(html)
    for written in (clean, sanitise(clean)):
        inventory = Inventory()
        inventory.feed(written)
        inventory.close()
        assert inventory.elements <= {"p", "table", "tbody", "tr", "td", "a", "img"}
        assert inventory.attributes <= {("a", "href"), ("a", "rel"), ("img", "alt")}
        assert inventory.comments == 0


phrases = st.lists(st.sampled_from(["字", "&amp;", "&lt;", "<br>", "<b>b</b>", "</p><h2>h</h2><p>"]))


@given(phrases.map("".join))
def test_well_formed_documents_are_not_changed(inner: str) -> None:
    assert sanitise(f"<div><p>{inner}</p></div>") == f"<div><p>{inner}</p></div>"


def test_the_version_is_a_number_to_store() -> None:
    assert SANITISER_VERSION >= 1


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("<p>一</p><p>二</p>", "一\n二"),
        ("<p>一<br>二</p>\n\n<ul><li>三</li><li>四</li></ul>", "一\n二\n三\n四"),
        ("<p>138<b>0013</b><span>8000</span></p>", "13800138000"),
        ("<p>a &lt;b&gt; &amp; c&nbsp;&nbsp;d&#12288;e &copy;</p>", "a <b> & c d e ©"),
        (
            "<table><tr><th>卡号</th><th>户名</th></tr><tr><td>1</td><td>2</td></tr></table>",
            "卡号\t户名\n1\t2",
        ),
        ("<p>a\n\tb</p>", "a b"),
        ("<script>x()</script><style>y</style><title>z</title>正文", "正文"),
        ('<p>见<img src="a.png" alt="流程图">下</p>', "见 流程图 下"),
        ('<p><img src="a" alt="a > b &quot;c&quot; &lt;p&gt;">d</p>', 'a > b "c" <p> d'),
        ("<p>&amp;lt;p&amp;gt;</p>", "&lt;p&gt;"),
        ("<p title='>'>x</p><!-- > -->", "x"),
        ("1 < 2 & 3", "1 < 2 & 3"),
        ("<p>未关闭", "未关闭"),
    ],
)
def test_text_reads_as_on_the_page(html: str, text: str) -> None:
    assert text_of(html) == text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_every_word_of_an_escaped_text_is_read(text: str) -> None:
    assert text_of(escape(text)).split() == text.split()


def test_a_summary_is_one_line_of_bounded_length() -> None:
    assert summary("<h1>标题</h1><p>正文<img src=a alt=图></p>") == "标题 正文"
    assert summary("<p>" + "字" * 500 + "</p>") == "字" * 199 + "…"
    assert summary("<p>" + "字" * 200 + "</p>") == "字" * 200
    assert summary("<p>一二三</p>", limit=2) == "一…"
    with pytest.raises(ValueError, match="at least one"):
        summary("x", limit=0)
