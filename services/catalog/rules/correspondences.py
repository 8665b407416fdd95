"""Which items of county, town and village are the same matter (相同事项的公开内容对应一致).

What the county says of a subsidy, the town and the village say, too; the same figures of it must agree (有效衔接,
国办发〔2019〕54号). Who is compared with whom stands in a correspondence: its members, each an item at one level, and
the figures that they have in common, each where it stands in the contents of the item.
"""

from collections.abc import Collection, Sequence

from pydantic import Field

from libs.common.errors import Malformed
from libs.common.fields import Body, Code, Sentence, ShortText, Title
from services.catalog.rules import GrassrootsLevel


class Figure(Body):
    """A figure that must agree, as one member shows it."""

    name: ShortText = Field(description="Its name in the correspondence, the same for all members.", examples=["金额"])
    element: Title | None = Field(
        None,
        description="The content element (要素) of the item in which it stands; null: none by itself.",
        examples=["补贴金额"],
    )


class Member(Body):
    """An item, as one level publishes it."""

    item: Code = Field(examples=["19001002"])
    level: GrassrootsLevel = Field(description="One of the item's own levels.", examples=["county"])
    figures: list[Figure] = Field([], max_length=8, description="What must agree with the other members that name it.")


class CorrespondenceContent(Body):
    """What is said of a correspondence. Lists are bounded so that it always fits into one event."""

    title: Title = Field(description="The matter.", examples=["耕地地力保护补贴发放结果"])
    members: Sequence[Member] = Field(min_length=2, max_length=20, description="Of two levels at least.")
    basis: Title = Field(description="依据: why they must agree.", examples=["国办发〔2019〕54号"])
    reason: Sentence = Field(
        description="Why they are the same matter.", examples=["同一批补贴,县、镇公布汇总,村公布到户。"]
    )
    dissolved: Sentence | None = Field(
        None, description="Why they do not correspond any more; null: they do.", examples=[None]
    )


def check_correspondence(content: CorrespondenceContent) -> None:
    """Raise Malformed for a member that comes twice, for one level alone, for a figure with nothing to agree with."""
    named: dict[str, set[str]] = {}
    seen: set[tuple[str, str]] = set()
    for number, member in enumerate(content.members):
        if (member.item, member.level) in seen:
            raise Malformed("同一事项在同一层级出现两次。", field=f"body.members.{number}")
        seen.add((member.item, member.level))
        names = [figure.name for figure in member.figures]
        for row, name in enumerate(names):
            if name in names[:row]:
                raise Malformed(f"“{name}”出现两次。", field=f"body.members.{number}.figures.{row}.name")
            named.setdefault(name, set()).add(member.level)
    if len({member.level for member in content.members}) < 2:
        raise Malformed("对应关系应涉及两个以上层级。", field="body.members")
    for number, member in enumerate(content.members):
        for row, figure in enumerate(member.figures):
            if len(named[figure.name]) < 2:
                where = f"body.members.{number}.figures.{row}.name"
                raise Malformed(f"“{figure.name}”只在一个层级写明,无从对照。", field=where)


def check_member(member: Member, levels: Collection[str], elements: Collection[str], where: str) -> None:
    """Raise Malformed unless the item is published at the level and holds the elements. `where`: the member's place."""
    if member.level not in levels:
        raise Malformed("该事项不在这一层级公开。", field=f"{where}.level")
    for row, figure in enumerate(member.figures):
        if figure.element is not None and figure.element not in elements:
            raise Malformed("该事项的公开内容中没有这个要素。", field=f"{where}.figures.{row}.element")
