"""Every command is one transaction with its audit row and its event, and leaves no trace when it is refused."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.events import Event
from services import NAMES
from tests.contract.ledger import deliver, everything, named, say, watching
from tests.contract.rows import ACTS, CATALOG, Act, Headers
from tests.contract.things import Thing
from tests.platform import Platform
from tests.policy_interpretation.desk import Desk, News

PARTS = {
    "catalog.commands.keeping.lock": "how every act on one thing of the catalog begins",
    "catalog.commands.keeping.alone": "how acts keep out of each other's way",
    "catalog.commands.keeping.recount": "how acts have regions counted anew",
    "catalog.commands.tallies.count_region": "a chore of the worker: nobody asks for it",
    "catalog.commands.items.place": "part of adopting many items and of putting a revision into force",
    "catalog.commands.retired.heirs_in": "what is in force instead of what was retired",
    "catalog.commands.retired.check_in_force": "how acts on an item that was retired are refused",
    "catalog.commands.retired.known_item": "how acts begin that say something of an item",
    "catalog.commands.keeping.check_free": "whether the code of something new is free",
    "catalog.commands.keeping.keeper": "who keeps what, for acts on the catalog",
    "catalog.commands.editions.newest": "part of putting a revision into force",
    "catalog.commands.editions.add_edition": "part of keeping editions and of putting a revision into force",
    "catalog.commands.local_terms.limits_in": "what holds in a region, for acts on its duties",
    "catalog.commands.local_terms.check_bodies": "whether bodies are of a region, for local terms and occasions",
    "publication.commands.working.lock": "how every act on a document begins",
    "publication.commands.working.lock_in_work": "how publishing begins",
    "publication.commands.working.check_item": "how new texts under a retired item are refused",
    "publication.commands.working.conclude": "how every act on a document ends",
    "policy_interpretation.commands.working.take": "how every act on an interpretation begins",
    "policy_interpretation.commands.working.conclude": "how every act on an interpretation ends",
    "policy_interpretation.commands.duty.settle": "part of every release and withdrawal",
}
"""What other commands are made of: never an act by itself."""

_DUTY = "policy_interpretation.duty.opened.v1"
_INTERPRETATION = "policy_interpretation.interpretation"
LISTENED = {
    "policy_interpretation.commands.duty.expect": ("prepared", [_DUTY], 0),
    "policy_interpretation.commands.duty.demand": ("published", [_DUTY], 0),
    "policy_interpretation.commands.duty.waive": ("published, nothing owed", [], 0),
    "policy_interpretation.commands.duty.close": ("withdrawn", [], 0),
    "policy_interpretation.commands.release.release_with_document": (
        "published, one ready",
        [_DUTY, f"{_INTERPRETATION}.published.v1"],
        1,
    ),
    "policy_interpretation.commands.release.withdraw_with_document": (
        "withdrawn, one public",
        [f"{_INTERPRETATION}.withdrawn.v1"],
        1,
    ),
}
"""The commands that a listener takes: on which news, what is said then, and how many audit rows are written."""


def _modules(service: str) -> Iterator[ModuleType]:
    try:
        commands = importlib.import_module(f"services.{service}.commands")
    except ModuleNotFoundError:
        return
    yield commands
    for found in pkgutil.iter_modules(getattr(commands, "__path__", [])):
        yield importlib.import_module(f"{commands.__name__}.{found.name}")


def _commands() -> set[str]:
    """Every public coroutine function of the command modules whose first parameter is a session."""
    found = set()
    for service in NAMES:
        for module in _modules(service):
            for name, function in inspect.getmembers(module, inspect.iscoroutinefunction):
                first = next(iter(inspect.signature(function).parameters.values()), None)
                public = not name.startswith("_") and function.__module__ == module.__name__
                if public and first is not None and first.annotation is AsyncSession:
                    found.add(f"{module.__name__.removeprefix('services.')}.{name}")
    return found


def test_every_command_has_a_row() -> None:
    assert _commands() == {act.command for act in ACTS} | set(LISTENED) | set(PARTS)


def test_every_event_kind_is_said_by_some_row() -> None:
    said = {act.says for act in ACTS} | {kind for _, kinds, _ in LISTENED.values() for kind in kinds}
    only_by_listeners = {"citizen_feedback.response.opened.v1", "village_affairs.listing.synced.v1"}
    by_chores = {"catalog.reminder.issued.v1"}
    assert said - {None} == set(Event.known) - only_by_listeners - by_chores


@pytest.mark.parametrize("service", NAMES)
async def test_every_act_is_one_transaction_and_a_refused_one_none(
    seeded: Platform, subtests: pytest.Subtests, service: str
) -> None:
    for act in ACTS:
        if act.service == service:
            with subtests.test(str(act)):
                thing = await act.prepare(seeded)
                hands = act.hands(seeded)
                await _refused(seeded, act, thing, hands)
                await _done(seeded, act, thing, hands)
                if thing.version is not None and act.audits:
                    await _done_already(seeded, act, thing, hands)


async def _refused(platform: Platform, act: Act, thing: Thing, hands: Headers) -> None:
    """Refuse whoever may not, and whoever saw another version; write nothing."""
    before = await everything(platform)
    if act.roles:
        assert (await act.send(platform, thing, {})).status_code == 401
        assert (await act.send(platform, thing, platform.token("harvester"))).status_code == 403
    if act.roles and act.place is not CATALOG:
        elsewhere = platform.token(act.roles[0], region="990002")
        assert (await act.send(platform, thing, elsewhere)).status_code == 403
    if thing.version is not None:
        assert (await act.send(platform, thing, hands, seen=thing.version + 1)).status_code == 412
        assert (await act.send(platform, thing, {**hands, "If-Match": '"latest"'})).status_code == 422
        unversioned = Thing(thing.values, None, thing.body)
        assert (await act.send(platform, unversioned, hands)).status_code == 428
    assert await everything(platform) == before


async def _done(platform: Platform, act: Act, thing: Thing, hands: Headers) -> None:
    """Do it: one commit, all of whose rows are of one transaction; its audit row; its event or none."""
    async with watching(platform, named(act.service)) as written:
        response = await act.send(platform, thing, hands)
        assert response.is_success, response.text
    assert written.commits == 1
    assert len(written.transactions) == (1 if act.audits else 0)
    assert written.audits == act.audits
    assert written.said == ([act.says] if act.says else [])


async def _done_already(platform: Platform, act: Act, thing: Thing, hands: Headers) -> None:
    """The same again, as a client that lost the answer might send it: refused, and nothing is written."""
    before = await everything(platform)
    again = await act.send(platform, thing, hands)
    assert again.status_code in (409, 412), again.text
    assert await everything(platform) == before


async def test_every_command_behind_a_listener_is_one_transaction(seeded: Platform, subtests: pytest.Subtests) -> None:
    listener = named("policy_interpretation")
    for command, (news, says, audits) in LISTENED.items():
        with subtests.test(command):
            await say(seeded, await _news(seeded, news))
            async with watching(seeded, listener) as written:
                await deliver(seeded, listener)
            assert len(written.transactions) == 1
            assert written.said == sorted(says)
            assert written.audits == audits


async def _news(platform: Platform, news: str) -> Event:
    """What is said next of a document to which has happened what comes before."""
    document, desk = News(), Desk(platform)
    if news == "prepared":
        return document.prepared()
    await desk.hear(document.prepared())
    if news == "published, one ready":
        await (await desk.draft(document)).act("approve", by=desk.reviewer)
    event: Event
    if news.startswith("published"):
        event = document.published(interpretation_required=news != "published, nothing owed")
    else:
        await desk.hear(document.published())
        event = document.withdrawn()
    if news == "withdrawn, one public":
        await desk.public(document)
    await platform.drain()
    return event
