"""The services are apart: no import, no database and no table of one is known to another."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.common.service import Service
from services import NAMES
from services.registry import ALL
from tests.contract.ledger import BACKBONE, own_tables

ROOT = Path(__file__).parents[2]

_STATEMENT = re.compile(r"\s*\(*(?:select|insert|update|delete|with|truncate|lock|copy)\b.*\s", re.DOTALL)
_TABLE = re.compile(r"\b(?:from|join|insert into|update|table|truncate)\s+(?:only\s+)?\"?([a-z_]+)\b\"?(?!\s*\()")
_COMMON_TABLE = re.compile(r"\b([a-z_]+)\s+as\s+(?:not\s+)?(?:materialized\s+)?\(")
_ELSEWHERE = re.compile(r"yangguang_|dblink|postgres_fdw|import foreign schema|create server|postgres(?:ql)?://", re.I)
_NO_TABLE = {"lateral", "set", "of", "skip"}
"""What stands where a table might, in `cross join lateral`, `do update set` and `for update of`."""

each_service = pytest.mark.parametrize("service", ALL, ids=lambda service: service.name)


def test_the_contracts_about_imports_are_kept() -> None:
    lint = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    command = [sys.executable, "-c", lint]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def _code(service: Service) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((ROOT / "services" / service.name).rglob("*.py")):
        if "migrations" not in path.parts:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def _texts(tree: ast.Module) -> Iterator[str]:
    """The string constants of a module but those that document it."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


@each_service
def test_no_code_reaches_for_another_database(service: Service) -> None:
    for path, tree in _code(service):
        for text in _texts(tree):
            assert not _ELSEWHERE.search(text), f"{path}: {text}"
        for node in ast.walk(tree):
            # The databases of the process are a mapping that only the composition root may look into.
            assert not (isinstance(node, ast.Attribute) and node.attr in ("databases", "dsn")), f"{path}:{node.lineno}"


@each_service
def test_sql_names_tables_of_its_own_service_only(service: Service) -> None:
    known = set(own_tables(service)) | BACKBONE
    found = set()
    for _path, tree in _code(service):
        for text in _texts(tree):
            if _STATEMENT.match(text):
                found |= set(_TABLE.findall(text)) - set(_COMMON_TABLE.findall(text))
    assert found - _NO_TABLE - known == set()
    assert found & known, "no statement was found: is this test blind?"


@each_service
def test_the_tables_of_a_service_name_no_other_service(service: Service) -> None:
    for table in service.metadata.tables.values():
        assert table.schema is None
        assert not {name for name in NAMES if name != service.name and name in table.name}
        for key in table.foreign_keys:
            assert key.column.table.name in service.metadata.tables


def test_services_share_no_metadata() -> None:
    assert len({id(service.metadata) for service in ALL}) == len(ALL)
    for service in ALL:
        assert set(service.metadata.tables) >= BACKBONE
