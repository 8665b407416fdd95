"""Something happened that time limits run from: a decision, an approval, a file received (触发情形)."""

from datetime import date

from pydantic import Field

from libs.common import personal_data
from libs.common.errors import Malformed
from libs.common.fields import Body, Code, Sentence
from libs.common.regions import RegionCode
from services.catalog.rules.time_limits import TimeLimits, Trigger


class OccasionContent(Body):
    """What is said of an occasion."""

    region: RegionCode = Field(description="Where the item is owed in consequence.", examples=["990001101000"])
    item: Code = Field(description="The item of the catalog that is to be public.", examples=["03001001"])
    trigger: Trigger = Field(
        description="What happened: 信息形成或变更 formed, 制作或获取 obtained, 作出决定 decided, 批准 approved, 收到"
        " received, 收到申请 requested, another event of the catalog's event, or one that is still to come before.",
        examples=["formed"],
    )
    happened_on: date = Field(description="The day; of `before`, the day of what is to come.", examples=["2026-11-20"])
    what: Sentence = Field(
        description="What it was; no names and no numbers of residents.", examples=["镇政府印发防汛应急预案(修订)。"]
    )
    organisation: Code | None = Field(
        None, description="The body that owes it; null: each that the region names for the item.", examples=[None]
    )
    struck: Sentence | None = Field(
        None, description="Why the entry does not count (it was wrong); null: it counts.", examples=[None]
    )


def check_occasion(content: OccasionContent, limits: TimeLimits, today: date) -> None:
    """Raise Malformed when no limit of the item runs from it, or it has not happened yet; PersonalDataFound."""
    personal_data.refuse((f"body.{name}", getattr(content, name)) for name in ("what", "struck"))
    if content.trigger is not Trigger.BEFORE and content.happened_on > today:
        raise Malformed("尚未发生的情形不能登记。", field="body.happened_on")
    if not any(limit.within and limit.trigger is content.trigger and not limit.conditional for limit in limits.limits):
        raise Malformed("该事项没有从这种情形起算的公开时限。", field="body.trigger")
