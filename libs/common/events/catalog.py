"""What catalog says: the regions, organisations and disclosure items that others refer to, and items' templates."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from libs.common.events.envelope import Event
from libs.common.templates import ColumnType, FieldType


class RegionChanged(Event):
    """A region (行政区划) was added or changed."""

    kind: ClassVar[str] = "catalog.region.changed.v1"
    code: str = Field(description="12-digit division code.")
    name: str
    level: str = Field(description="province, county, town or village.")
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
    region: str | None = Field(
        None,
        description="The county whose item it is, for itself and those below; absent: it is of the standard.",
        exclude_if=lambda region: region is None,
    )

    @property
    def key(self) -> str:
        return self.code


class DutyReminder(BaseModel):
    """One item that is due, or was missed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    item: str
    subject: str | None = Field(description="The part of the item; null: all of it.")
    organisation: str | None = Field(description="The body that owes it; null: the region as one.")
    due_on: date
    urgency: Literal["soon", "today", "missed"]


class ReminderIssued(Event):
    """A region is reminded, once a day, of what is due within days and still open, and of what it has just missed."""

    kind: ClassVar[str] = "catalog.reminder.issued.v1"
    reminder: str = Field(description="Id; a region has one, with a version for each day.")
    region: str
    duties: list[DutyReminder]
    more: int = Field(description="How many more there are than are named.")

    @property
    def key(self) -> str:
        return self.reminder


class TemplateCell(BaseModel):
    """What a field of a content template and a column of a table have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(description="Its key in what is entered.", examples=["area"])
    title: str = Field(description="Its name for people.", examples=["补贴面积"])
    type: FieldType = Field(
        description="money is a decimal string in yuan with two decimals, date is `2026-11-22`, phone is an office's.",
        examples=["number"],
    )
    unit: str | None = Field(None, description="Of an integer or number.", examples=["亩"])
    required: bool = Field(False, description="Whether it must be there.", examples=[True])
    choices: list[str] = Field(default_factory=list, description="What a choice may be.", examples=[[]])
    max_length: int | None = Field(None, description="Of a text: characters at most.", examples=[None])
    minimum: int | None = Field(None, description="Of an integer or number; 0 for money: not negative.", examples=[0])
    maximum: int | None = Field(None, description="Of an integer or number.", examples=[None])
    decimals: int | None = Field(None, description="Of a number: decimals at most.", examples=[2])
    hint: str | None = Field(None, description="Beside the field, for who fills it in.", examples=["以确权面积为准"])


class TemplateColumn(TemplateCell):
    """A column of a table."""

    type: ColumnType = Field(description="As of a field; no table.", examples=["number"])


class TemplateField(TemplateCell):
    """A field of a content template; a table has columns, and holds a list of records of them."""

    columns: list[TemplateColumn] = Field(default_factory=list, description="Of a table.", examples=[[]])


class TemplateChanged(Event):
    """The content template (专项公开内容模板) of a disclosure item was made, changed or removed (no fields)."""

    kind: ClassVar[str] = "catalog.template.changed.v1"
    template: str = Field(description="Its id: the code of its item and `/template`.")
    fields: list[TemplateField]

    @property
    def key(self) -> str:
        return self.template

    @staticmethod
    def id_of(item: str) -> str:
        """The id of the template of an item: it has versions of its own, so it is no code that an item may have."""
        return f"{item}/template"


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
