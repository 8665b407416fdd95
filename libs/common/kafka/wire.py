"""How a journal row looks as a Kafka record: CloudEvents 1.0 in binary mode, and back again.

The key is the thing's id, the partition is the one that the Java clients would choose, the value is the payload as it
was said. Two extension attributes carry what the journal knows beside the event: its position and the thing's version.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from aiokafka import ConsumerRecord

from libs.common.bus import Record

POSITION = "ce_journalposition"
VERSION = "ce_thingversion"
_OURS = frozenset({POSITION, VERSION})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
Headers = list[tuple[str, bytes]]


class NotOurRecord(Exception):
    """A record without the headers that every record of ours has: somebody else writes to this topic."""


def headers_of(record: Record) -> Headers:
    """The headers of a record on the wire: those that were said with the event, and the journal's two."""
    said = {**record.headers, POSITION: str(record.position), VERSION: str(record.version)}
    return [(name, value.encode()) for name, value in said.items()]


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, as Kafka counts time."""
    return (moment - _EPOCH) // _MILLISECOND


def record_of(message: ConsumerRecord[bytes, bytes], source: str) -> Record:
    """The journal row of `source` that a message carries. Raises NotOurRecord."""
    headers = {name: value.decode() for name, value in message.headers}
    try:
        return Record(
            position=int(headers[POSITION]),
            event_id=UUID(headers["ce_id"]),
            topic=f"yangguang.{source}",  # as it was said; the topic's own name may have another prefix
            key=(message.key or b"").decode(),
            version=int(headers[VERSION]),
            type=headers["ce_type"],
            payload=(message.value or b"").decode(),
            headers={name: value for name, value in headers.items() if name not in _OURS},
            created_at=_EPOCH + message.timestamp * _MILLISECOND,
        )
    except (KeyError, ValueError) as error:
        where = f"{message.topic}/{message.partition} at offset {message.offset}"
        raise NotOurRecord(f"{where}: {type(error).__name__} {error}") from error


def made_at(event_id: UUID) -> int:
    """When an event id was made, in milliseconds since 1970: a UUID of version 7 begins with its time."""
    return event_id.int >> 80
