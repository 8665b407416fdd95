"""What catalog says: the regions, organisations and disclosure items that others refer to."""

from typing import ClassVar

from pydantic import Field

from libs.common.events.envelope import Event


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
    """A disclosure item (公开事项) of the standard catalog was added or changed."""

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

    @property
    def key(self) -> str:
        return self.code
