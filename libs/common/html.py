"""Rich text of official documents: what may stay in it, and how it reads as plain text.

Texts are sanitised when they are written. The version is stored beside the result, so that texts cleaned by
an older rule can be found and cleaned again.
"""

import re
from html import unescape

import nh3

from libs.common.nesting import check_nesting

SANITISER_VERSION: int = 1
"""Goes up with every change of the allow-list, and with an nh3 release that changes what it lets through."""

_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_TABLES = {"table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td"}
_BLOCKS = (
    {"p", "div", "blockquote", "ul", "ol", "li", "dl", "dt", "dd", "figure", "figcaption", "hr", "br"}
    | _HEADINGS
    | _TABLES - {"th", "td", "col", "colgroup"}
)
_INLINE = {"strong", "b", "em", "i", "u", "sup", "sub", "span", "a", "img"}
_ALIGNMENTS = {"text-left", "text-center", "text-right", "text-justify"}

# Elements whose text is code, a fallback or a caption of the page, and no part of the document.
_DROPPED_WITH_CONTENT = {
    *("script", "style", "template", "noscript", "iframe", "object", "embed", "svg", "math"),
    *("title", "textarea", "select", "noembed", "noframes"),
}


def _keep_attribute(element: str, attribute: str, value: str) -> str | None:
    if attribute == "class":
        return next((name for name in value.split() if name in _ALIGNMENTS), None)
    if attribute in ("colspan", "rowspan"):
        return value if re.fullmatch(r"[0-9]{1,3}", value) else None
    if attribute == "src" and value.strip().lower().startswith("mailto:"):
        return None
    return value


_ALIGNED = {"p", "div", "td", "th", "figure", "figcaption", *_HEADINGS}
_cleaner = nh3.Cleaner(
    tags=_BLOCKS | _INLINE | _TABLES,
    clean_content_tags=_DROPPED_WITH_CONTENT,
    attributes={
        **{element: {"class"} for element in _ALIGNED},
        "a": {"href"},
        "img": {"src", "alt"},
        "td": {"class", "colspan", "rowspan"},
        "th": {"class", "colspan", "rowspan", "scope"},
    },
    attribute_filter=_keep_attribute,
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer",
)


def sanitise(html: str) -> str:
    """The fragment without everything that is not on the allow-list, well formed.

    Scripts, styles, SVG and MathML go with their content; event handlers and foreign URL schemes go too.
    Alignment stays as one class out of `text-left`, `text-center`, `text-right` and `text-justify`.

    Raises ValueError with a sentence for people when elements are nested too deeply (`check_nesting`).
    """
    check_nesting(html)
    return _cleaner.clean(html)


def text_of(html: str) -> str:
    """What a reader gets from the fragment, as plain text, alternative texts of pictures included.

    Blocks become lines, table cells are parted by tabs, entities are decoded, empty lines are left out. The
    fragment is sanitised on the way, so it may come from anywhere.
    """
    return _read(html, with_alternatives=True)


def summary(html: str, limit: int = 200) -> str:
    """The beginning of the text on one line: at most `limit` characters, the last being … when it is cut."""
    if limit < 1:
        raise ValueError("A summary has at least one character.")
    text = " ".join(_read(html, with_alternatives=False).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


# Enough for what the sanitiser writes: values stand in double quotes, and text holds no bare < or >.
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:[^>"]|"[^"]*")*)>')
_ALTERNATIVE = re.compile(r' alt="([^"]*)"')


def _read(html: str, *, with_alternatives: bool) -> str:
    def shown(tag: re.Match[str]) -> str:
        closing, element, attributes = tag.groups()
        if element in _BLOCKS:
            return "\n"
        if element in ("td", "th") and not closing:
            return "\t"
        if element == "img" and with_alternatives and (alternative := _ALTERNATIVE.search(attributes)):
            return f" {alternative[1]} "
        return ""

    # Line breaks and tabs of the source mean nothing in HTML; entities come last, since they may spell tags.
    text = unescape(_TAG.sub(shown, re.sub(r"[\t\n\f\r]", " ", _cleaner.clean(html))))
    return "\n".join(line for line in map(_tidy, text.split("\n")) if line)


def _tidy(line: str) -> str:
    # Cells keep their tabs: a space would let figures of neighbouring cells look like one grouped number.
    return "\t".join(" ".join(cell.split()) for cell in line.split("\t")).strip()
