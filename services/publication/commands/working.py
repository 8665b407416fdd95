"""Finding and locking what an act works on, and saying what became of it."""

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.db import driver_of
from libs.common.errors import NotFound, StaleVersion, WrongState
from libs.common.permission import Actor, permit
from services.publication import rules
from services.publication.tables import Base, Document, Edition, Item


def _columns(table: type[Base]) -> dict[str, str]:
    """Attribute and column of all that is read with a thing; the text of an edition is not."""
    return {read.key: read.columns[0].name for read in sa.inspect(table).column_attrs if not read.deferred}


_DOCUMENT, _EDITION = _columns(Document), _columns(Edition)
_SELECTED = [f"d.{name}" for name in _DOCUMENT.values()] + [f"e.{name}" for name in _EDITION.values()]
# The states are written out, so that the planner knows the index of the editions in work.
_IN_WORK = f"""
select {", ".join(_SELECTED)}
from document d left join edition e on e.content_id = d.content_id and e.state in {rules.IN_WORK}
where d.content_id = $1 for update of d
"""  # noqa: S608 - names of ours


async def lock(
    session: AsyncSession, content_id: UUID, seen: int, actor: Actor, action: str, states: Collection[str]
) -> tuple[Document, Edition]:
    """The document, locked until the commit, and its edition in one of `states`, when `actor` may take `action`.

    Raises NotFound, Forbidden, StaleVersion, WrongState; in this order, so that a stranger learns nothing.
    """
    found = (await session.execute(_both(tuple(states)), {"id": content_id})).one_or_none()
    if found is None:
        raise NotFound
    return found.Document, admit(found.Document, found.Edition, seen, actor, action)


async def lock_in_work(
    session: AsyncSession, content_id: UUID, seen: int, actor: Actor, action: str
) -> tuple[Document, Edition]:
    """As `lock`, for the edition in work; the session watches neither, so the act writes what it changes itself.

    Reading two things through the session takes as long as all else that publishing does.
    """
    found = await driver_of(session).fetchrow(_IN_WORK, content_id)
    if found is None:
        raise NotFound
    values = tuple(found.values())
    document = Document(**dict(zip(_DOCUMENT, values, strict=False)))
    said = dict(zip(_EDITION, values[len(_DOCUMENT) :], strict=True))
    edition = Edition(**said) if said["number"] else None  # an outer join: there may be none
    return document, admit(document, edition, seen, actor, action)


def admit(document: Document, edition: Edition | None, seen: int, actor: Actor, action: str) -> Edition:
    """The edition, when `actor` may take `action` on it as the document is now. Raises as `lock` does."""
    permit(
        rules.GRANTS,
        actor,
        action,
        region=document.region,
        organisations=document.organisation_path,
        state=edition.state if edition else _any_state(action),
    )
    if document.version != seen:
        raise StaleVersion(version=document.version)
    if edition is None or document.withdrawal is not None:
        raise WrongState(action=action)
    return edition


async def check_item(session: AsyncSession, item: Item | None, content_id: UUID) -> None:
    """Raise ItemRetired, unless it is the item under which the document is public already."""
    if item is not None and item.retired_on is not None:
        live = sa.select(Edition.catalog_item).where(Edition.content_id == content_id, Edition.state == rules.LIVE)
        rules.check_item(item.code, item.retired_on, item.heirs, await session.scalar(live))


async def conclude(
    session: AsyncSession,
    document: Document,
    edition: Edition,
    actor: Actor,
    action: str,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Count the act: a new version of the document, one row in the audit."""
    document.version += 1
    edition.changed_at = now
    await audit.record(
        session,
        actor,
        action,
        str(document.content_id),
        region=document.region,
        version=document.version,
        reason=reason,
        edition=edition.number,
    )


@lru_cache
def _both(states: tuple[str, ...]) -> sa.Select[Document, Edition]:
    """Made once: putting a statement together takes longer than running it."""
    in_states = sa.and_(Edition.content_id == Document.content_id, Edition.state.in_(states))
    both = sa.select(Document, Edition).outerjoin(Edition, in_states)
    return both.where(Document.content_id == sa.bindparam("id")).with_for_update(of=Document)


def _any_state(action: str) -> str | None:
    """A state that the grant allows: when there is no edition to act on, only the person is in question here."""
    return next(iter(rules.GRANTS[action].states or {None}))
