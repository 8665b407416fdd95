"""`rebuild` and `reconcile` on the command line: what they say, and the exit codes that a script relies on."""

from tests.documents import Life
from tests.operations.conftest import Command
from tests.operations.projected import holds
from tests.platform import Platform


async def test_a_projection_is_rebuilt(seeded: Platform, document: Life, command: Command) -> None:
    before = await holds(seeded, "village_affairs")
    await seeded.database("village_affairs").backbone.execute("delete from listing_entry")
    code, said = await command("rebuild", "village-affairs", "listing", "--dry-run")
    assert (code, "compared only (dry run); entries that were wrong: 1 missing" in said) == (0, True)
    code, said = await command("rebuild", "village-affairs", "listing")
    assert (code, "put in place; entries that were wrong: 1 missing" in said) == (0, True)
    code, said = await command("rebuild", "village-affairs", "listing")
    assert (code, "entries that were wrong: no difference" in said) == (0, True)
    assert await holds(seeded, "village_affairs") == before


async def test_an_unknown_projection_is_answered_with_the_known_ones(seeded: Platform, command: Command) -> None:
    code, said = await command("rebuild", "catalog", "listing")
    assert (
        code,
        "there are: catalog coverage, publication listing, village-affairs listing" in " ".join(said.split()),
    ) == (
        1,
        True,
    )


async def test_drift_is_told_by_the_exit_code(seeded: Platform, document: Life, command: Command) -> None:
    assert (await command("reconcile", "--full"))[0] == 0
    await seeded.database("catalog").backbone.execute("delete from covering")
    code, said = await command("reconcile", "catalog", "--full")
    assert code == 1
    rows = [line.split() for line in said.splitlines()]
    assert ["catalog", "coverage", "1", "missing", "1", "0", document.id] in rows
    await seeded.drain()
    assert (await command("reconcile", "catalog", "--full"))[0] == 0
