"""The negative list (负面清单): what is not open, on which ground and article, with the reason."""

from datetime import date
from typing import Literal

from pydantic import Field

from libs.common import personal_data
from libs.common.errors import Malformed
from libs.common.fields import Body, Sentence, Title
from libs.common.regions import RegionCode

Ground = Literal[
    "state_secret", "forbidden_by_law", "security", "third_party", "internal", "process", "enforcement_file"
]

# 《政府信息公开条例》 (2019) by ground, in the order of the annual report's table 三(三).
ARTICLES: dict[Ground, str] = {
    "state_secret": "第十四条",
    "forbidden_by_law": "第十四条",
    "security": "第十四条",
    "third_party": "第十五条",
    "internal": "第十六条",
    "process": "第十六条",
    "enforcement_file": "第十六条",
}


class NegativeContent(Body):
    """What is said of an entry."""

    region: RegionCode = Field(description="Whose list it stands on.", examples=["990001000000"])
    name: Title = Field(description="What is not open.", examples=["尚未公布的征收补偿方案草案"])
    ground: Ground = Field(
        description="国家秘密 state_secret, 法律行政法规禁止 forbidden_by_law, 三安全一稳定 security (all art. 14),"
        " 第三方合法权益 third_party (art. 15), 内部事务 internal, 过程性信息 process, 行政执法案卷 enforcement_file"
        " (art. 16).",
        examples=["process"],
    )
    basis: Title | None = Field(
        None, description="The law that forbids it; required for forbidden_by_law.", examples=[None]
    )
    reason: Sentence = Field(description="Why the ground applies.", examples=["正在讨论、研究,尚未形成决定。"])
    review_on: date = Field(description="When it is to be looked at again (定期评估).", examples=["2027-06-30"])
    lifted_on: date | None = Field(None, description="Since when it is open again; null: it is not.", examples=[None])


def check_negative(content: NegativeContent) -> None:
    """Raise Malformed for a law that is not named: "forbidden by law" is no ground without it (条例 art. 14)."""
    personal_data.refuse((f"body.{name}", getattr(content, name)) for name in ("name", "basis", "reason"))
    if content.ground == "forbidden_by_law" and content.basis is None:
        raise Malformed("以法律、行政法规禁止公开为由的,应写明是哪部法律法规。", field="body.basis")
