"""Catalog's JSON Schema of a template and publication's own check say the same of everything that may be entered."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from libs.common.events import TemplateField
from libs.common.templates import LARGEST_NUMBER
from services.catalog.rules.forms import json_schema
from services.catalog.rules.templates import TemplateContent, complete
from services.publication.rules.structured import NotAsTemplate, Template, check_structured

Json = dict[str, Any]
NAMES = ("a", "b", "c")

_bounds = st.none() | st.integers(-3, 3)
_required = st.booleans()
_choices = st.lists(st.sampled_from(["甲", "乙", "0.00"]), min_size=1, max_size=3, unique=True)
_KINDS: list[st.SearchStrategy[Json]] = [
    st.fixed_dictionaries({"type": st.just("text"), "max_length": st.none() | st.integers(1, 5)}),
    st.fixed_dictionaries({"type": st.just("integer"), "minimum": _bounds, "maximum": _bounds}),
    st.fixed_dictionaries({"type": st.just("number"), "minimum": _bounds, "decimals": st.none() | st.integers(0, 6)}),
    st.fixed_dictionaries({"type": st.just("money"), "minimum": st.sampled_from([None, 0])}),
    st.fixed_dictionaries({"type": st.just("choice"), "choices": _choices}),
    *(st.just({"type": kind}) for kind in ("date", "link", "phone")),
]


def _named(kinds: st.SearchStrategy[Json]) -> st.SearchStrategy[list[Json]]:
    """One to three fields of these kinds."""
    parts = st.lists(st.tuples(kinds, _required), min_size=1, max_size=len(NAMES))
    return parts.map(
        lambda drawn: [
            {**kind, "name": name, "title": "某项", "required": required}
            for name, (kind, required) in zip(NAMES, drawn, strict=False)
        ]
    )


_cells = st.one_of(_KINDS).filter(lambda one: not _turned(one))
_tables = st.fixed_dictionaries({"type": st.just("table"), "columns": _named(_cells)})
templates = _named(_cells | _tables)


def _turned(kind: Json) -> bool:
    least, most = kind.get("minimum"), kind.get("maximum")
    return least is not None and most is not None and least > most


_TEXTS = (
    "",
    " ",
    "甲",
    "乙",
    "丙丁戊己庚辛",
    "0.00",
    "-0.01",
    "12.3",
    "01.00",
    "2026-02-28",
    "2026-02-30",
    "２０26-02-28",
)
_MORE = ("http://a.cn", "https://例子.中国/x", "ftp://a.cn", "12345", "13812345678", "0990-6100001", "0990-1")
_plain = st.one_of(
    st.sampled_from(_TEXTS + _MORE),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=6),
    st.integers(-5, 5),
    st.sampled_from([True, None, LARGEST_NUMBER + 1, -LARGEST_NUMBER]),
    st.decimals(-4, 4, places=2).map(float),
    st.floats(-10, 10),
)
_rows = st.lists(st.dictionaries(st.sampled_from(NAMES), _plain, max_size=3), max_size=3)
contents = st.dictionaries(st.sampled_from(NAMES), _plain | _rows, max_size=3)


def exact(value: Any) -> Any:
    """The value with its numbers as decimals, so that 0.07 is a multiple of 0.01."""
    return json.loads(json.dumps(value), parse_float=Decimal)


def accepts(fields: list[TemplateField], content: Json) -> bool:
    """Whether publication takes the content."""
    try:
        check_structured(Template(1, fields), content)
    except NotAsTemplate:
        return False
    return True


@given(fields=templates, content=contents)
def test_the_schema_takes_what_publication_takes_and_nothing_else(fields: list[Json], content: Json) -> None:
    completed = complete(TemplateContent.model_validate({"fields": fields}))
    schema = exact(json_schema("补贴", completed))
    Draft202012Validator.check_schema(json_schema("补贴", completed))
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert validator.is_valid(exact(content)) == accepts(completed, content)
