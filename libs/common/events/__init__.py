"""The published language: every event of the platform, a module per service that says them.

Past tense, frozen, each carrying the whole public state of its thing and its version. A released kind never
changes; a new shape is a new `.vN`. One reviewed example per kind stands in `tests/contract/events/`.
"""

from libs.common.events.catalog import (
    CorrespondenceChanged,
    DutyReminder,
    ItemChanged,
    OrganisationChanged,
    RegionChanged,
    ReminderIssued,
    TemplateCell,
    TemplateChanged,
    TemplateColumn,
    TemplateField,
)
from libs.common.events.citizen_feedback import PublishedReply, ResponseOpened, ResponsePublished
from libs.common.events.envelope import Event
from libs.common.events.policy_interpretation import (
    DutyOpened,
    InterpretationPublished,
    InterpretationReady,
    InterpretationWithdrawn,
)
from libs.common.events.publication import (
    DocumentPrepared,
    DocumentPublished,
    DocumentWithdrawn,
    Reach,
    Scope,
)
from libs.common.events.village_affairs import ListingSynced, NoticePublished, NoticeWithdrawn

__all__ = [
    "CorrespondenceChanged",
    "DocumentPrepared",
    "DocumentPublished",
    "DocumentWithdrawn",
    "DutyOpened",
    "DutyReminder",
    "Event",
    "InterpretationPublished",
    "InterpretationReady",
    "InterpretationWithdrawn",
    "ItemChanged",
    "ListingSynced",
    "NoticePublished",
    "NoticeWithdrawn",
    "OrganisationChanged",
    "PublishedReply",
    "Reach",
    "RegionChanged",
    "ReminderIssued",
    "ResponseOpened",
    "ResponsePublished",
    "Scope",
    "TemplateCell",
    "TemplateChanged",
    "TemplateColumn",
    "TemplateField",
]
