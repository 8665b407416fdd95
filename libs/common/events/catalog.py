"""What catalog says: the regions, organisations and disclosure items that others refer to."""

from datetime import date
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from libs.common.events.envelope import Event


class RegionChanged(Event):
    """A region (行政区划) was added or changed."""

    kind: ClassVar[str] = "catalog.region.changed.v1"
    code: str = Field(description="12-digit division code.")
    name: str
    level: str = Field(description="county, town or village.")
    parent: str | None

    @property
    def key(self) -> str:
        return self.code


class OrganisationChanged(Event):
    """A responsible body (公开主体) was added or changed."""

    kind: ClassVar[str] = "catalog.organisation.changed.v1"
    code: str
    name: str
    short_name: str
    doc_prefix: str | None = Field(description="机关代字 of its document numbers.")
    uscc: str = Field(description="Unified social credit code (GB 32100), public.")
    region: str
    path: list[str] = Field(description="Codes from the organisation itself up to the root.")

    @property
    def key(self) -> str:
        return self.code


class ItemChanged(Event):
    """A disclosure item (公开事项) of the standard catalog was added, changed or retired.

    What only a retired item has is left out of all others: their events are what they were before it was known.
    """

    kind: ClassVar[str] = "catalog.item.changed.v1"
    code: str
    field: str = Field(description="Code of the field (领域).")
    field_name: str
    level1_item: str
    level2_item: str
    level3_item: str | None
    content_elements: list[str]
    legal_basis: list[str]
    time_limit: str = Field(description="Original wording of the 公开时限.")
    responsible_body: str
    channels: list[str]
    audience: str
    disclosure_method: str
    levels: list[str] = Field(description="Any of county, town, village.")
    retired_on: date | None = Field(
        None, description="Since when it is not in force; absent: it is.", exclude_if=lambda day: day is None
    )
    heirs: list[str] = Field(
        [],
        description="Of a retired item: codes of those in force instead; absent: there are none.",
        exclude_if=lambda heirs: not heirs,
    )

    @property
    def key(self) -> str:
        return self.code


class CorrespondingFigure(BaseModel):
    """A figure that must agree, as one member shows it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(description="The same for all members that show it.")
    element: str | None = Field(description="The content element in which it stands.")


class CorrespondingMember(BaseModel):
    """An item, as one level publishes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    item: str
    level: str = Field(description="county, town or village.")
    figures: list[CorrespondingFigure]


class CorrespondenceChanged(Event):
    """Items of several levels were said to be the same matter (相同事项的公开内容对应一致), or are so no more."""

    kind: ClassVar[str] = "catalog.correspondence.changed.v1"
    code: str
    title: str = Field(description="The matter.")
    members: list[CorrespondingMember]
    basis: str
    reason: str
    dissolved: str | None = Field(description="Why it has ended; null: it holds.")

    @property
    def key(self) -> str:
        # Its code may be that of an item, and one key is one thing; no other code of catalog holds a colon.
        return f"correspondence:{self.code}"
