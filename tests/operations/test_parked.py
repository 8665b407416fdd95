"""`parked`: list, show, redrive, drop, on a listener that failed for real."""

from collections.abc import Awaitable, Callable

import orjson
import pytest

from tests.documents import Life
from tests.operations.conftest import Command
from tests.platform import Platform

Cure = Callable[[], Awaitable[None]]


async def covered(platform: Platform) -> int:
    """How many documents the catalog counts."""
    return int(await platform.database("catalog").backbone.fetchval("select count(*) from covering where live"))


async def audited(platform: Platform, service: str) -> list[str]:
    """The acts of operators that a service has audited."""
    rows = await platform.database(service).backbone.fetch("select entry::text from audit_waiting order by id")
    entries = [orjson.loads(row["entry"]) for row in rows]
    return [entry["action"] for entry in entries if str(entry["actor"]).startswith("operator:")]


async def effect(platform: Platform, document: Life, name: str) -> str:
    """The state of one effect in the document's receipt."""
    receipt = (await platform.client.get(f"/publication/documents/{document.id}/propagation")).json()
    return str(next(e["state"] for e in receipt["effects"] if e["name"] == name))


async def test_a_parked_key_is_seen_and_driven_when_the_cause_is_gone(
    seeded: Platform, parked: Life, deaf: Cure, command: Command
) -> None:
    code, said = await command("parked", "list")
    assert code == 0
    assert parked.id in said
    assert "UndefinedTableError" in said
    assert (await command("parked", "list", "village-affairs")) == (0, "Nothing is parked.\n")
    code, said = await command("parked", "show", "catalog", parked.id)
    assert code == 0
    assert '"document": "' + parked.id in said
    assert await effect(seeded, parked, "coverage") == "failed"

    code, said = await command("parked", "redrive", "catalog", "--dry-run")
    assert code == 1
    assert "1 still parked (dry run)" in said
    code, said = await command("parked", "redrive", "catalog", parked.id)
    assert code == 1
    assert f"{parked.id}: still parked: " in said
    await deaf()
    assert await command("parked", "redrive", "catalog") == (0, "catalog: 1 applied\n")
    assert await covered(seeded) == 1
    code, said = await command("parked", "redrive", "catalog", parked.id)
    assert (code, said) == (0, f"{parked.id}: not parked\ncatalog: nothing is parked\n")
    assert (await command("parked", "show", "catalog", parked.id))[0] == 1
    assert await audited(seeded, "catalog") == ["operations.redrive"] * 2


async def test_a_dropped_key_is_passed_over(seeded: Platform, parked: Life, deaf: Cure, command: Command) -> None:
    await deaf()
    code, said = await command("parked", "drop", "catalog", parked.id, "--reason", "entered twice", "--dry-run")
    assert (code, said) == (0, f"{parked.id}: version {parked.version} of publication dropped (dry run)\n")
    assert (await command("parked", "drop", "catalog", parked.id, "--reason", "entered twice"))[0] == 0
    code, said = await command("parked", "drop", "catalog", parked.id, "--reason", "entered twice")
    assert (code, said) == (0, f"{parked.id}: not parked\n")
    assert await covered(seeded) == 0
    assert "passed over" in (await command("trace", parked.id))[1]
    assert await audited(seeded, "catalog") == ["operations.drop"]


@pytest.mark.parametrize("reason", [[], ["--reason", " "], ["--reason", "ring 13812345678"]])
async def test_a_drop_has_a_reason_that_names_nobody(parked: Life, command: Command, reason: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        await command("parked", "drop", "catalog", parked.id, *reason)
    assert refused.value.code == 2


async def test_what_an_earlier_release_parked_is_said_again_first(
    seeded: Platform, parked: Life, deaf: Cure, command: Command
) -> None:
    await seeded.database("catalog").backbone.execute("update parked set event_id = null, version = null")
    await deaf()
    code, said = await command("parked", "redrive", "catalog", parked.id)
    assert code == 1
    again = said.splitlines()[0].partition("python -m services ")[2].split()
    assert again == ["replay", "publication", "--to", "catalog", "--key", parked.id]
    assert (await command(*again))[0] == 0
    await seeded.drain()
    assert (await command("parked", "redrive", "catalog", parked.id))[0] == 0
    assert await covered(seeded) == 1
