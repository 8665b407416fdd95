"""The act on the content template of an item."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.audit import record
from libs.common.events import TemplateChanged
from libs.common.outbox import emit
from libs.common.permission import Actor, permit
from services.catalog import rules
from services.catalog.commands.keeping import change, keeper, lock, owner
from services.catalog.commands.retired import known_item
from services.catalog.rules.templates import TemplateContent, complete
from services.catalog.tables import Item, Template


async def put_template(
    session: AsyncSession,
    item: str,
    content: TemplateContent,
    seen: int | None,
    actor: Actor,
    now: datetime,
) -> tuple[Item, Template]:
    """Put the template of an item in place; without fields it is removed. Raises as putting the item does.

    Returns it with its item. A removed one keeps its version, so that the next one is news to whoever heard of it.
    """
    kept = await lock(session, Template, item)
    permit(rules.GRANTS, actor, "catalog.put_template", region=actor.region)
    rules.check_keeps_catalog(actor)
    rules.check_seen(kept.version if kept else None, seen)
    owned = await known_item(session, item, "path.code")
    owner(await keeper(session, actor), actor, "catalog.put_template", item, owned.field, owned)
    fields = complete(content)
    said = [field.model_dump() for field in fields]
    if kept is None:
        kept = Template(item=item, version=1, fields=said)
        session.add(kept)
    elif not change(kept, {"fields": said}):
        return owned, kept
    await record(session, actor, "catalog.put_template", item, version=kept.version)
    template = TemplateChanged.id_of(item)
    await emit(session, TemplateChanged(version=kept.version, at=now, template=template, fields=fields))
    return owned, kept
