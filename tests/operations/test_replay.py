"""`replay`: a read model that somebody has damaged is whole again, and nothing else has changed."""

from tests.documents import Life
from tests.operations.conftest import Command
from tests.operations.test_parked import audited, covered
from tests.platform import Platform


async def test_a_damaged_read_model_is_repaired(seeded: Platform, document: Life, command: Command) -> None:
    receipt = (await seeded.client.get(f"/publication/documents/{document.id}/propagation")).json()
    said = await seeded.events("village_affairs")
    for service, table in (("catalog", "covering"), ("village_affairs", "listing_entry")):
        await seeded.database(service).backbone.execute(f"delete from {table}")
    replay = ("replay", "publication", "--to", "catalog")
    assert await command(*replay, "--dry-run") == (0, "publication to catalog: would be said again 1\n")
    for _ in range(2):
        assert await command(*replay) == (0, "publication to catalog: said again 1\n")
    assert (await command("replay", "publication", "--to", "village-affairs", "--key", document.id))[0] == 0
    await seeded.drain()
    assert await covered(seeded) == 1
    assert await seeded.database("village_affairs").backbone.fetchval("select count(*) from listing_entry") == 1
    assert (await seeded.client.get(f"/publication/documents/{document.id}/propagation")).json() == receipt
    assert await seeded.events("village_affairs") == said
    assert await audited(seeded, "publication") == ["operations.replay"] * 3


async def test_what_cannot_be_said_again_is_named(seeded: Platform, document: Life, command: Command) -> None:
    code, said = await command("replay", "publication", "--to", "catalog", "--key", "nonsense", "--key", document.id)
    assert code == 1
    assert "publication to catalog: said again 1" in said
    assert "nonsense: publication said nothing of it that catalog hears" in said
    assert (await command("replay", "catalog", "--to", "catalog"))[0] == 1
    assert await audited(seeded, "publication") == ["operations.replay"]
