"""How deep HTML may be nested, told in one pass and without building its tree.

The sanitiser's time grows with tags times depth: 25,000 open <div> keep it busy for two seconds.
"""

import re

_SPACE = r"[\t\n\f\r ]"
_MARKUP = re.compile(r"<(?:(!--)|(!\[CDATA\[)|([!?]|/[^a-zA-Z>])|(/?)([a-zA-Z][^\t\n\f\r />]*))")
_COMMENT_END = re.compile(r"--!?>")
# Possessive throughout: a tag without its end costs one pass over the rest and no more.
_ATTRIBUTES = re.compile(
    rf"(?:[\t\n\f\r /]|[^\t\n\f\r />][^\t\n\f\r />=]*+"
    rf"(?:{_SPACE}*+={_SPACE}*+(?:\"[^\"]*+\"|'[^']*+'|(?![\"'])[^\t\n\f\r >]*+))?+)*+>"
)
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
_RAW = {"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript", "plaintext"}
# Elements whose end tag may be left out, and what else the next of the kind ends. What nests them is counted.
_TABLE_PARTS = {"thead", "tbody", "tfoot", "tr", "th", "td", "caption", "colgroup"}
_ENDED = {"p": {"p"}, "li": {"li", "p"}, "dt": {"dt", "dd", "p"}, "dd": {"dt", "dd", "p"}}
_LIGHT = _TABLE_PARTS | _ENDED.keys()
_ENDS_LIGHT = {"div", "blockquote", "ul", "ol", "dl", "table", "figure", "figcaption", "section"}
MOST_NESTED = 100


def check_nesting(html: str) -> None:
    """Raise ValueError, with a sentence for people, when elements may be nested more than 100 deep.

    Its own time grows with the length alone. It rather counts too many: an end tag is believed only where it ends
    the innermost open element, and not at all once parsers may disagree. So elements that are left open, or that
    overlap, more than 100 times are refused, too.
    """
    opened: list[str] = []
    deep, at, raw, believed = 0, 0, "", True
    while deep <= MOST_NESTED and (found := _MARKUP.search(html, at)):
        _, cdata, _, slash, name = found.groups("")
        name = name.lower()
        inside_raw = raw and not (slash and name == raw)
        at = found.end() if inside_raw else _end(html, found)
        if cdata or (raw == name == "script" and not slash):
            believed = False
        if slash:
            if believed and not inside_raw:
                raw = ""
                deep -= _close(opened, name)
        elif name and name not in _VOID:
            raw = raw or (name if name in _RAW else "")
            deep += _open(opened, name)
    if deep > MOST_NESTED:
        raise ValueError("正文的标签嵌套过深或没有闭合,请清除格式后重试。")


def _end(html: str, markup: re.Match[str]) -> int:
    """Where a comment or tag ends; one without an end takes everything with it."""
    comment, cdata, bogus, _, _ = markup.groups()
    if cdata or bogus:
        return html.find(">", markup.end()) + 1 or len(html)
    ends = _COMMENT_END.search(html, markup.start() + 2) if comment else _ATTRIBUTES.match(html, markup.end())
    return ends.end() if ends else len(html)


def _open(opened: list[str], name: str) -> int:
    """Take a start tag into account; returns how much deeper it may lead."""
    inner = _innermost(opened)
    if name in _TABLE_PARTS and not (inner and opened[inner - 1] == "table"):
        return 0  # not part of a table: parsers drop it
    light = name in _LIGHT and _end_light(opened, name, inner)
    opened.append(name if light else f"<{name}" if name in _LIGHT else name)
    return int(not light)


def _close(opened: list[str], name: str) -> int:
    """Take an end tag into account; returns how much it leads out of."""
    inner = _innermost(opened)
    if name in _LIGHT:
        _end_light(opened, name, inner)
    elif inner and opened[inner - 1] == name and (inner == len(opened) or name in _ENDS_LIGHT):
        del opened[inner - 1 :]
        return 1
    return 0


def _innermost(opened: list[str]) -> int:
    """The number of open elements down to the innermost that counts."""
    at = len(opened)
    while at and opened[at - 1] in _LIGHT:
        at -= 1
    return at


def _end_light(opened: list[str], name: str, inner: int) -> bool:
    """End the open <li> or the like inside the innermost element that counts. Returns whether none stays open."""
    if name not in opened[inner:]:
        return True
    at = opened.index(name, inner)
    if name == "p":
        del opened[at]
    elif name in _TABLE_PARTS or set(opened[at:]) <= _ENDED[name]:
        del opened[at:]
    else:
        return False
    return True
