"""The documents say what the code does: codes, settings, events, links and files are compared."""

import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from libs.common.errors import Refusal
from libs.common.events import Event
from libs.common.permission import Role
from libs.common.settings import Settings
from services.registry import ALL

ROOT = Path(__file__).parents[2]
DOCS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("demo/*.md")])
by_name = pytest.mark.parametrize("doc", DOCS, ids=lambda doc: str(doc.relative_to(ROOT)))

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"(?<![\w/.-])(?:services|libs|tests|demo|bench|docs)/[\w/.-]+\.(?:py|md|json|csv)\b")
_REGISTRY = re.compile(r"pypi\.org|pythonhosted\.org|/simple\b|maven\.org|maven\.apache\.org|npmjs\.|index-url", re.I)
_MACHINE = re.compile(r"(?<![\w.$}/:])/(?:root|work|home|tmp|Users|mnt|opt)(?:/|\b)")


def read(path: str) -> str:
    """The text of a document."""
    return (ROOT / path).read_text(encoding="utf-8")


def test_every_error_code_has_its_heading() -> None:
    headings = re.findall(r"^## (\w+)$", read("docs/errors.md"), re.MULTILINE)
    assert headings == sorted(Refusal.known)


@pytest.mark.parametrize("code", sorted(Refusal.known))
def test_every_error_names_its_status(code: str) -> None:
    section = read("docs/errors.md").split(f"\n## {code}\n", 1)[1].split("\n## ", 1)[0]
    assert section.strip().startswith(f"Status {Refusal.known[code].status}. ")


def test_every_setting_has_its_row() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (\S+) \|", read("docs/running.md"), re.MULTILINE))
    assert rows == {name.upper(): _default(name) for name in Settings.model_fields}


def _default(name: str) -> str:
    value = Settings.model_fields[name].default
    assert value is not PydanticUndefined
    if value is None:
        return "unset"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def test_every_event_has_its_row_with_its_listeners() -> None:
    found = re.findall(r"^\| `([\w.]+\.v\d+)` \|.*\| ([^|]+) \|$", read("docs/events.md"), re.MULTILINE)
    rows = {kind: set() if heard == "nobody yet" else set(heard.split(", ")) for kind, heard in found}
    assert rows == {
        kind: {service.name for service in ALL if event in service.listeners} for kind, event in Event.known.items()
    }


def test_every_metric_is_explained() -> None:
    paths = [*ROOT.glob("libs/**/*.py"), *ROOT.glob("services/**/*.py")]
    source = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    made = set(re.findall(r'\b(?:Counter|Gauge|Histogram)\(\s*"([a-z_]+)"', source))
    assert len(made) > 15
    assert {name for name in made if f"`{name}" not in read("docs/operations.md")} == set()


def test_every_role_is_explained() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", read("docs/domain.md").split("\n## Roles\n")[1], re.MULTILINE)
    assert set(Role) <= set(rows)


@by_name
def test_links_resolve(doc: Path) -> None:
    for target in _LINK.findall(_CODE.sub("", doc.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (doc.parent / path).resolve() if path else doc
        assert linked.exists(), target
        assert not anchor or anchor in _anchors(linked), target


def _anchors(doc: Path) -> set[str]:
    """The anchors of a document, as its headings are turned into them."""
    headings = _HEADING.findall(_CODE.sub("", doc.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@by_name
def test_files_that_are_named_exist(doc: Path) -> None:
    named = set(_FILE.findall(doc.read_text(encoding="utf-8")))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


@by_name
def test_no_registry_and_no_machine_is_named(doc: Path) -> None:
    text = doc.read_text(encoding="utf-8")
    assert _REGISTRY.findall(text) == []
    assert _MACHINE.findall(text) == []
