"""What the composition root knows of a service: its manifest."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.events import Event
from libs.common.permission import Grants
from libs.common.projections import Projection

Listener = Callable[[AsyncSession, Any], Awaitable[None]]


@dataclass(frozen=True)
class Service:
    """One of the five. `listeners` maps an event class to the function that hears it; `projections` are those of
    its tables that can be made anew from events alone."""

    name: str
    title: str
    description: str
    router: APIRouter
    metadata: sa.MetaData
    grants: Grants
    listeners: Mapping[type[Event], Listener] = field(default_factory=dict)
    projections: Sequence[Projection] = ()

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
