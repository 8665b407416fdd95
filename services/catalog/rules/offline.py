"""What was made public without the web (线下公开): on a notice board, by loudspeaker, at a meeting, at the door."""

from datetime import date
from typing import Literal

from pydantic import Field

from libs.common import personal_data
from libs.common.errors import Malformed
from libs.common.fields import Body, Code, Sentence, Title
from libs.common.regions import RegionCode

OfflineChannel = Literal[
    "notice_board", "broadcast", "meeting", "household_visit", "printed_matter", "service_hall", "reading_point"
]


class OfflineContent(Body):
    """What is said of a disclosure offline."""

    region: RegionCode = Field(description="Who made it public.", examples=["990001101201"])
    item: Code = Field(description="The item of the catalog that it belongs to.", examples=["27001001"])
    channel: OfflineChannel = Field(
        description="公示栏(电子屏) notice_board, 广播 broadcast, 会议 meeting, 入户 household_visit,"
        " 发放资料 printed_matter, 政务服务中心 service_hall, 公共查阅点 reading_point.",
        examples=["notice_board"],
    )
    disclosed_on: date = Field(description="The day; the first one of what hung for several.", examples=["2026-10-18"])
    place: Title = Field(description="Where.", examples=["东庄村村务公开栏"])
    evidence: Sentence = Field(
        description="What proves it and where that is kept; no names and no numbers of residents.",
        examples=["公开栏照片2张,存村务档案2026年第4号。"],
    )
    struck: Sentence | None = Field(
        None, description="Why the entry does not count (it was wrong); null: it counts.", examples=[None]
    )


def check_offline(content: OfflineContent, today: date) -> None:
    """Raise Malformed for what is yet to come: a plan is no disclosure. Raises PersonalDataFound: it is public."""
    personal_data.refuse((f"body.{name}", getattr(content, name)) for name in ("place", "evidence", "struck"))
    if content.disclosed_on > today:
        raise Malformed("公开日期不能晚于今天。", field="body.disclosed_on")
