"""The five services look alike: the same few names of files, small files, and a charter that tells the truth."""

import re
from pathlib import Path

import pytest

import services
from libs.common.events import Event
from libs.common.service import Service
from services import NAMES
from services.registry import ALL

ROOT = Path(__file__).parents[2]
REQUIRED = {"__init__.py", "service.py", "tables", "routes", "migrations"}
OPTIONAL = {"listeners.py", "chores.py", "commands", "projections.py", "rules", "queries"}
FOLDERS = {"routes", "commands", "queries", "rules", "tables"}
"""What may be one file, or a folder of the same name that is split by noun or verb."""
OWN = {"catalog": {"importer.py", "workbook.py", "export.py"}}
"""What one service has and no other."""

LONGEST_FILE = 320
LONGEST_CHARTER = 15
_LAYERS = {"models", "shared", "working", "examples", "__init__"}
"""Parts of a folder that belong to all of its nouns or verbs."""

each_service = pytest.mark.parametrize("service", ALL, ids=lambda service: service.name)


def _folder(service: Service) -> Path:
    return ROOT / "services" / service.name


def _seen(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.name != "__pycache__"]


def test_the_five_are_the_folders_of_services() -> None:
    assert [service.name for service in ALL] == list(NAMES)
    assert {path.name for path in _seen(ROOT / "services") if path.is_dir()} == set(NAMES)
    assert all(f"\n{name} " in (services.__doc__ or "") for name in NAMES)


@each_service
def test_a_service_holds_nothing_but_the_agreed_files(service: Service) -> None:
    found = {path.name for path in _seen(_folder(service))}
    plain = {name.removesuffix(".py") if name.removesuffix(".py") in FOLDERS else name for name in found}
    assert not REQUIRED - plain
    assert not plain - REQUIRED - OPTIONAL - OWN.get(service.name, set())
    # A file and a folder of the same name: nobody could tell which one is imported.
    assert len(plain) == len(found)


@each_service
def test_a_folder_is_flat_and_split_by_nouns_or_verbs(service: Service) -> None:
    for name in FOLDERS:
        folder = _folder(service) / name
        if folder.is_dir():
            parts = _seen(folder)
            assert "__init__.py" in {part.name for part in parts}
            assert all(part.suffix == ".py" for part in parts)
            assert all(re.fullmatch("[a-z_]+", part.stem) for part in parts)
            assert {part.stem for part in parts} - _LAYERS


@each_service
def test_migrations_are_numbered_revisions_and_nothing_else(service: Service) -> None:
    names = [path.name for path in _seen(_folder(service) / "migrations")]
    assert names
    numbers = [re.fullmatch(r"([0-9]{4})_[a-z0-9_]+\.py", name) for name in names]
    assert [int(number[1]) if number else name for number, name in zip(numbers, names, strict=True)] == [
        *range(1, len(names) + 1)
    ]


@pytest.mark.parametrize("folder", ["services", "libs"])
def test_no_file_is_long(folder: str) -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert {str(path.relative_to(ROOT)): n for path, n in lines.items() if n > LONGEST_FILE} == {}


@each_service
def test_a_charter_says_what_the_service_owns_hears_and_says(service: Service) -> None:
    charter = (_folder(service) / "__init__.py").read_text(encoding="utf-8")
    assert len(charter.strip().splitlines()) <= LONGEST_CHARTER
    owns, hears, says = _parts(charter)
    assert owns.strip()
    assert _kinds(hears) == {_name(kind) for kind in service.listeners}
    assert _kinds(says) == {_name(kind) for kind in Event.known.values() if kind.service() == service.name}


def _parts(charter: str) -> tuple[str, str, str]:
    """The three parts of a charter: each begins a line, and the last one ends with its paragraph."""
    found = re.search(r"^Owns\b(.*?)^Hears\b(.*?)^Says\b(.*?)(?:\n\n|\"\"\")", charter, re.DOTALL | re.MULTILINE)
    assert found, "a charter has three parts: Owns, Hears, Says"
    return found[1], found[2], found[3]


def _kinds(text: str) -> set[str]:
    """The kinds of events in a text; `a.b.c, .d` names a.b.c and a.b.d."""
    named, before = set(), ""
    for word in re.findall(r"\b[a-z_]+\.[a-z_]+\.[a-z_]+\b|(?<=\s)\.[a-z_]+\b", text):
        before, name = (before, before + word) if word.startswith(".") else (word.rpartition(".")[0], word)
        named.add(name)
    return named


def _name(kind: type[Event]) -> str:
    return kind.kind.rpartition(".")[0]


@each_service
def test_a_manifest_is_whole(service: Service) -> None:
    assert service.slug == service.name.replace("_", "-")
    assert service.title
    assert service.description
    assert all(action.startswith(f"{service.name}.") for action in service.grants)
    assert all(grant.roles for grant in service.grants.values())
    assert service.name not in service.sources
    assert all(listener.__module__ == f"services.{service.name}.listeners" for listener in service.listeners.values())
    assert all(listener.__name__ == f"on_{_snake(kind)}" for kind, listener in service.listeners.items())


def _snake(kind: type[Event]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
