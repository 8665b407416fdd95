"""What the cells of a catalog say: ticks in every shape, lists, elements, channels, audiences."""

import re
import unicodedata
from collections.abc import Iterable

_TICKED = "√✓✔☑■▄▲◆●R£tþ"
_UNTICKED = "□口○☐〇"
# Letters and 口 are what a lost symbol font leaves of a box; inside a word they are themselves.
_BOX = re.compile(r"(?:(?<=^)|(?<=\s)|(?<=[\n、;]))[口Rtþ£](?=[一-龥])|[√✓✔☑■▄▲◆£þ□○☐]")
_COMPUTED = ("=", "+", "-", "@", "\t", "\r", "'")
"""What a cell begins with that spreadsheets take for a formula; the apostrophe, so that one is kept that was there."""
_SEPARATORS = re.compile(r"[;;\n\r]+")
_EDGES = re.compile(r"^[\s;;、]+|[\s;;、]+$")
_NUMBERING = re.compile(r"^(?:\d{1,2}[.、)]|[((]\d{1,2}[))])\s*")
_BETWEEN_LAWS = re.compile(r"(?<=[》))])[ \t]*[、,,][ \t]*(?=《|【)")
_GROUP = re.compile(r"^特定(?:群体|群众|对象|人群)[::]?\s*(.*)$", re.DOTALL)
_TAG = re.compile(r"^\[(?:S[::]\s*([^\]]*)|M-(high|medium|low))\]\s*(.*)$", re.DOTALL)
_LEVELS = {"县": "county", "区": "county", "乡": "town", "镇": "town", "街": "town", "村": "village", "社区": "village"}
_STAGES = {"决策": "decision", "执行": "execution", "管理": "management", "服务": "service", "结果": "result"}


def disarmed(text: str) -> str:
    """What a csv cell holds so that a spreadsheet shows `text` and never computes it: an apostrophe before it."""
    return f"'{text}" if text[:1] in _COMPUTED else text


def as_written(cell: str) -> str:
    """The text of a csv cell, without the apostrophe that keeps a spreadsheet from computing it."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _COMPUTED else cell


def plain(text: str) -> str:
    """A cell with full-width signs and digits as half-width ones, to compare it."""
    return unicodedata.normalize("NFKC", text).strip()


def is_ticked(cell: str) -> bool:
    """Whether a box is ticked: by whatever mark."""
    mark = cell.strip()
    return mark in ("是", "Y", "y", "V", "v", "1") or (len(mark) == 1 and mark in _TICKED)


def is_empty(cell: str) -> bool:
    """Whether a cell says no: empty, a box that is not ticked, a dash."""
    return cell.strip() in ("", "否", "N", "n", "0", "-", "—", "/", "×", *_UNTICKED)


def parts(cell: str) -> list[str]:
    """The parts of a list, by semicolon or line, without numbering."""
    found = (_NUMBERING.sub("", part.strip()).strip() for part in _SEPARATORS.split(cell))
    return _once(part.rstrip("。") for part in found)


def elements(cell: str) -> tuple[list[str], list[str]]:
    """The content elements, and those of them that are optional (● 必选, 〇 可选)."""
    pieces = re.split(r"([●〇○])", cell)
    marked = [(mark, name) for mark, text in zip(pieces[1::2], pieces[2::2], strict=True) for name in parts(text)]
    names = _once([*parts(pieces[0]), *(name for _, name in marked)])
    return names, [name for mark, name in marked if mark != "●"]


def legal_basis(cell: str) -> list[str]:
    """The citations of a basis; `《甲》、《乙》` are two."""
    return parts(_BETWEEN_LAWS.sub("\n", cell))


def channels(cell: str) -> tuple[list[str], list[str]]:
    """The ticked and the unticked channels; a cell without boxes lists the ticked ones."""
    boxes = list(_BOX.finditer(cell))
    if not boxes:
        return _once(part.strip() for part in re.split(r"[;;\n\r、]", cell)), []
    ends = [*(box.start() for box in boxes[1:]), len(cell)]
    named = [(box[0], _EDGES.sub("", cell[box.end() : end])) for box, end in zip(boxes, ends, strict=True)]
    ticked = _once(name for box, name in named if box not in _UNTICKED)
    return ticked, _once(name for box, name in named if box in _UNTICKED)


def audience(cell: str) -> tuple[str, str | None] | None:
    """`全社会`, or `特定群体:本村村民` with the group; None for anything else."""
    text = re.sub(r"\((?:请写明|请注明)\)", "", plain(cell))
    ticked, _ = channels(cell) if _BOX.search(cell) else ([text], [])
    if ticked == ["全社会"]:
        return "all", None
    if len(ticked) == 1 and (group := _GROUP.match(ticked[0])):
        return "specific", group[1].strip() or None
    return None


def levels(cell: str) -> list[str]:
    """The levels that a cell names: `县级;乡级`, `县、乡、村级`."""
    return list(dict.fromkeys(level for mark, level in _LEVELS.items() if mark in cell))


def stages(cell: str) -> list[str]:
    """The stages of 五公开 that are ticked, or named where there are no boxes."""
    ticked, _ = channels(cell) if _BOX.search(cell) else ([cell], [])
    return [stage for word, stage in _STAGES.items() if any(word in name for name in ticked)]


def tagged_source(cell: str) -> tuple[str | None, str | None]:
    """Source and confidence where one cell holds both: `[S: where] remark` is sourced, `[M-high]` from memory.

    A cell without such a tag is the source, and tells no confidence.
    """
    tag = _TAG.match(cell.strip())
    if tag is None:
        return cell.strip() or None, None
    where, memory, remark = tag.groups()
    return " ".join(part.strip() for part in (where, remark) if part) or None, memory or "sourced"


def _once(found: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(part for part in found if part))
