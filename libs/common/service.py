"""What the composition root knows of a service: its manifest."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db import Database
from libs.common.events import Event
from libs.common.permission import Grants
from libs.common.projections import Projection

Listener = Callable[[AsyncSession, Any], Awaitable[None]]
Chore = Callable[[Database], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Service:
    """One of the five. `listeners` maps an event class to the function that hears it; `projections` are those of
    its tables that can be made anew from events alone; `chores` never end; of several workers one does
    each of them."""

    name: str
    title: str
    description: str
    router: APIRouter
    metadata: sa.MetaData
    grants: Grants
    listeners: Mapping[type[Event], Listener] = field(default_factory=dict)
    projections: Sequence[Projection] = ()
    chores: Sequence[Chore] = ()

    @property
    def slug(self) -> str:
        """The name in URLs and in Kubernetes: the underscore is a hyphen."""
        return self.name.replace("_", "-")

    @property
    def migrations(self) -> Path:
        """The folder of its alembic revisions."""
        return Path(__file__).parents[2] / "services" / self.name / "migrations"

    @property
    def sources(self) -> frozenset[str]:
        """The services whose events it hears."""
        return frozenset(kind.service() for kind in self.listeners)
