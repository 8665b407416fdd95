"""Pure decisions of catalog: what regions and organisations look like, and who keeps them and the items.

`items` says what an item looks like, `time_limits` what a time limit is, `wordings` how one is read from its words.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from libs.common import regions
from libs.common.errors import Forbidden, Malformed, Refusal, StaleVersion, VersionRequired
from libs.common.fields import Body, Code, ShortText
from libs.common.identifiers import is_uscc
from libs.common.permission import Actor, Grants, Role, grant
from libs.common.regions import RegionCode

GRANTS: Grants = {
    "catalog.put_region": grant(Role.ADMINISTRATOR),
    "catalog.put_organisation": grant(Role.ADMINISTRATOR),
    "catalog.put_item": grant(Role.ADMINISTRATOR),
    "catalog.put_template": grant(Role.ADMINISTRATOR),
    "catalog.put_applicability": grant(Role.ADMINISTRATOR),
    "catalog.put_negative": grant(Role.ADMINISTRATOR),
    "catalog.put_offline": grant(Role.ADMINISTRATOR, Role.EDITOR, Role.VILLAGE_CLERK),
    "catalog.put_occasion": grant(Role.ADMINISTRATOR, Role.EDITOR, Role.VILLAGE_CLERK),
    "catalog.put_waiver": grant(Role.ADMINISTRATOR),
    "catalog.put_local_terms": grant(Role.ADMINISTRATOR),
    "catalog.put_correspondence": grant(Role.ADMINISTRATOR),
    "catalog.keep_editions": grant(Role.ADMINISTRATOR),
    "catalog.put_revision": grant(Role.ADMINISTRATOR),
    "catalog.check_revision": grant(Role.REVIEWER),
    "catalog.consult_revision": grant(Role.ADMINISTRATOR),
    "catalog.answer_comment": grant(Role.ADMINISTRATOR),
    "catalog.adopt_revision": grant(Role.REVIEWER),
    "catalog.enforce_revision": grant(Role.ADMINISTRATOR),
    "catalog.drop_revision": grant(Role.ADMINISTRATOR),
    "catalog.read_revisions": grant(Role.ADMINISTRATOR, Role.REVIEWER),
}

GrassrootsLevel = Literal["county", "town", "village"]
"""The levels that publish: 国办发〔2019〕54号 is about counties, towns and, by extension, villages (基层)."""

LEVELS = ("county", "town", "village")

KeptLevel = Literal["province", "county", "town", "village"]
"""The levels of the tree of regions: the province is above its counties and keeps their standard catalog."""


class CodeTaken(Refusal):
    """Regions, organisations and items share their codes: whoever hears of them tells them apart by code alone."""

    code, status, sentence = "code_taken", 409, "该编码已用于其他行政区划、机构或事项。"


class HasSubordinates(Refusal):
    """An organisation moves without its subordinates only, since their paths lead through it."""

    code, status, sentence = "has_subordinates", 409, "该机构还有下级机构,请先调整下级机构。"


def _checked_uscc(code: str) -> str:
    if not is_uscc(code):
        raise ValueError("统一社会信用代码不正确,请核对 18 位代码及其校验位")
    return code


class RegionContent(Body):
    """What is said of a region."""

    name: ShortText = Field(description="Name in full.", examples=["晨曦镇"])
    level: KeptLevel = Field(description="Must be the level that the code tells.", examples=["town"])
    parent: RegionCode | None = Field(
        None,
        description="The town of a village, the county of a town, the province of a county; null for a province, and"
        " for a county whose province is not kept here.",
        examples=["990001000000"],
    )


class OrganisationContent(Body):
    """What is said of an organisation."""

    name: ShortText = Field(description="Name in full.", examples=["阳光县教育局"])
    short_name: ShortText = Field(description="Name in running text.", examples=["县教育局"])
    doc_prefix: ShortText | None = Field(None, description="机关代字 of its document numbers.", examples=["阳教发"])
    uscc: Annotated[str, AfterValidator(_checked_uscc)] = Field(
        description="Unified social credit code (GB 32100-2015) in capitals; its check character must fit.",
        examples=["11990001MB0Y003A20"],
        json_schema_extra={"pattern": "^[0-9A-Z]{18}$"},
    )
    region: RegionCode = Field(description="The region that it works for.", examples=["990001000000"])
    parent: Code | None = Field(None, description="The organisation above; null for a root.", examples=["990001-zf"])


def check_region(code: str, content: RegionContent, *, has_province: bool) -> None:
    """Raise Malformed unless level and parent are those that the code tells.

    `has_province`: the province of the code is kept here. Without it a county stands alone; so does a town of a city
    without counties, for cities are not kept.
    """
    if content.level != regions.level(code):
        raise Malformed("层级与行政区划代码不符。", field="body.level")
    province = regions.province(code)
    above = next((a for a in regions.ancestors(code) if regions.level(a) in LEVELS), None)
    if above is None and code != province and (has_province or content.parent == province):
        above = province
    if content.parent != above:
        fitting = f"应为 {above}" if above else "应为空"
        raise Malformed(f"上级区划与行政区划代码不符,{fitting}。", field="body.parent")


def check_keeps_catalog(actor: Actor) -> None:
    """Raise Forbidden below the county: the county government compiles the catalog (国办发〔2019〕54号)."""
    if regions.level(actor.region) in ("town", "village"):
        raise Forbidden("标准目录由县级政府编制,乡镇、村不能修改。")


def check_seen(version: int | None, seen: int | None) -> None:
    """Insist that the caller saw what is there. `version` None: nothing is; `seen` None: none was named.

    Raises VersionRequired when something is there and none was named, else StaleVersion when they differ.
    """
    if version is not None and seen is None:
        raise VersionRequired
    if version != seen:
        raise StaleVersion
