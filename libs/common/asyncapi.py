"""The published language as AsyncAPI 3.0: a channel per topic, a message per kind of event.

`python -m libs.common.asyncapi EXAMPLES` prints the document; EXAMPLES is a folder with one `<kind>.json` per kind.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import yaml

from libs.common.events import Event
from libs.common.outbox import cloud_headers
from libs.common.partition import PARTITIONS

Json = dict[str, Any]

_SCHEMAS = "#/components/schemas/{model}"
_EXAMPLE_ID = "0199a1f0-9c44-7f10-b1de-6f7a8b9c0d1e"
_DESCRIPTION = (
    "What the services of Yangguang say to each other and to whoever listens. Every event carries the whole public"
    " state of its thing and its `version`: keep the newest version per key and pass over older ones. Delivery is at"
    " least once, and in order per key. A released kind never changes; a new shape is a new `.vN`. No event holds"
    " personal data of citizens."
)


def document(examples: Mapping[str, Json]) -> Json:
    """The AsyncAPI document. `examples` holds one payload per kind. Raises KeyError when one is missing."""
    kinds = [Event.known[kind] for kind in sorted(Event.known)]
    topics: dict[str, list[type[Event]]] = {}
    for event in kinds:
        topics.setdefault(event.topic(), []).append(event)
    schemas: Json = {}
    messages = {event.kind: _message(event, examples[event.kind], schemas) for event in kinds}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Yangguang events", "version": "1", "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic, events) for topic, events in topics.items()},
        "operations": {f"{events[0].service()}.says": _operation(topic, events) for topic, events in topics.items()},
        "components": {
            "messages": messages,
            "schemas": dict(sorted(schemas.items())),
            "messageTraits": {"cloudEvent": {"headers": _headers()}},
        },
    }


def _channel(topic: str, events: list[type[Event]]) -> Json:
    return {
        "address": topic,
        "description": f"Everything that {events[0].service()} says.",
        "messages": {event.kind: {"$ref": f"#/components/messages/{event.kind}"} for event in events},
        "bindings": {
            "kafka": {
                "partitions": PARTITIONS,
                "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": -1},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operation(topic: str, events: list[type[Event]]) -> Json:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{topic}"},
        "summary": f"{events[0].service()} says what happened, in the transaction in which it happened.",
    }


def _message(event: type[Event], payload: Json, schemas: Json) -> Json:
    schema = event.model_json_schema(mode="serialization", ref_template=_SCHEMAS)
    schemas.update(schema.pop("$defs", {}))
    said = event.model_validate(payload)
    return {
        "name": event.kind,
        "title": event.__name__,
        "summary": (event.__doc__ or "").strip(),
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": schema,
        "bindings": {"kafka": {"key": {"type": "string", "description": "Id of the thing."}}},
        "examples": [{"headers": dict(cloud_headers(said, _EXAMPLE_ID)), "payload": payload}],
    }


def _headers() -> Json:
    def text(description: str, **more: Any) -> Json:
        return {"type": "string", "description": description, **more}

    properties = {
        "ce_specversion": text("CloudEvents version.", const="1.0"),
        "ce_id": text("Id of the event; the same event keeps it however often it is delivered.", format="uuid"),
        "ce_source": text("The service that says it, as a path.", format="uri-reference"),
        "ce_type": text("The kind, `service.thing.happened.vN`."),
        "ce_subject": text("Id of the thing; also the key of the message."),
        "ce_time": text("When it happened.", format="date-time"),
        "content-type": text("Of the payload.", const="application/json"),
    }
    optional = {
        # Not imported from libs.common.kafka: the client library is not needed to describe it.
        "ce_journalposition": text(
            "On Kafka always: position in the journal of the service, one more than the event before it in any"
            " partition. A gap means that something is still to come; a repetition can be dropped.",
            pattern="^[1-9][0-9]*$",
        ),
        "ce_thingversion": text("On Kafka always: `version` of the payload.", pattern="^[1-9][0-9]*$"),
        "traceparent": text("W3C trace context of the act, when it had one."),
        "requestid": text("Id of the request that led to it, when there was one."),
        "ce_replayedto": text(
            "Only where the state of a thing is said again to repair one service: its name. Old news to all others."
        ),
    }
    return {"type": "object", "required": list(properties), "properties": {**properties, **optional}}


def examples_in(folder: Path) -> dict[str, Json]:
    """The example of each kind, from the files `<kind>.json` of a folder."""
    return {path.stem: orjson.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))}


def as_yaml(folder: Path) -> str:
    """The document as it stands in `docs/asyncapi.yaml`."""
    made = document(examples_in(folder))
    text: str = yaml.dump(made, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)
    return "# Made by `make docs` from libs/common/events and tests/contract/events. Not edited by hand.\n" + text


class _Plain(yaml.SafeDumper):
    """Writes what is used twice twice: readers of YAML files do not expect its anchors."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


if __name__ == "__main__":
    print(as_yaml(Path(sys.argv[1])), end="")
