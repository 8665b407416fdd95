"""What the neighbours of catalog say in its tests, put into their own outboxes."""

from datetime import UTC, datetime
from uuid import UUID

from libs.common.events import (
    DocumentPublished,
    DocumentWithdrawn,
    Event,
    NoticePublished,
    NoticeWithdrawn,
    Reach,
)
from libs.common.outbox import emit
from tests.platform import Platform

COUNTY, TOWN, VILLAGE = "990001000000", "990001101000", "990001101201"
AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)


async def say(platform: Platform, *events: Event) -> None:
    """Commit the events at the services that say them, and deliver."""
    for event in events:
        async with platform.database(event.service()).transaction() as session:
            await emit(session, event)
    await platform.drain()


def document_published(
    document: UUID, version: int = 1, *, region: str = COUNTY, item: str = "03001001", at: datetime = AT
) -> DocumentPublished:
    """A document that went live under `item` in `region`."""
    return DocumentPublished(
        region_name="阳光县",
        organisation_name="阳光县人民政府",
        version=version,
        at=at,
        document=document,
        region=region,
        organisation="990001-zf",
        organisation_path=["990001-zf"],
        title="关于做好义务教育招生入学工作的通知",
        edition=version,
        index_number=f"11990001MB00000115/2026-{version:05}",
        doc_number="阳政发〔2026〕12号",
        catalog_item=item,
        field=item[:2],
        theme="科技、教育\\教育",
        genre="通知",
        column="政策文件",
        keywords=[],
        summary="现将有关事项通知如下。",
        body_sha256="0" * 64,
        path=f"/publication/documents/{document}",
        written_on=at.date(),
        effective_on=None,
        expires_on=None,
        first_published_at=at,
        published_at=at,
        reach=Reach(towns="all", villages="all"),
        interpretation_required=False,
    )


def document_withdrawn(document: UUID, version: int, *, region: str = COUNTY) -> DocumentWithdrawn:
    """The same document, withdrawn."""
    return DocumentWithdrawn(
        version=version,
        at=AT,
        document=document,
        region=region,
        organisation="990001-zf",
        organisation_path=["990001-zf"],
        title="关于做好义务教育招生入学工作的通知",
        index_number="11990001MB00000115/2026-00001",
        catalog_item="03001001",
        withdrawal="gone",
        reason="内容有误",
        redirect_to=None,
        reach=Reach(),
    )


def notice_published(notice: UUID, version: int = 1) -> NoticePublished:
    """A notice on the board of a village."""
    return NoticePublished(
        village_name="东庄村",
        version=version,
        at=AT,
        notice=notice,
        village=VILLAGE,
        title="第一季度财务收支",
        category="finance",
        catalog_item="27001001",
        field="27",
        period="2026-Q1",
        summary="收支明细如下。",
        path=f"/village-affairs/notices/{notice}",
        first_published_at=AT,
        published_at=AT,
    )


def notice_withdrawn(notice: UUID, version: int) -> NoticeWithdrawn:
    """The same notice, taken down."""
    return NoticeWithdrawn(
        version=version, at=AT, notice=notice, village=VILLAGE, title="第一季度财务收支", reason="数字有误"
    )
