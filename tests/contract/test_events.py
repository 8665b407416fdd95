"""Each kind of event has one reviewed example; a released one never changes; none of them names a citizen."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from libs.common.asyncapi import as_yaml, document, examples_in
from libs.common.events import Event
from libs.common.outbox import MAX_PAYLOAD_BYTES, cloud_headers
from libs.common.personal_data import find
from services import NAMES

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent / "events"
EXAMPLES = examples_in(FOLDER)

_PERSONAL = re.compile(
    r"contact|phone|mobile|telephone|email|wechat|id_?number|id_?card|identity|birth|address|asker|citizen|applicant"
    r"|person|bank|account|card|query_?code|submitted_by|drafted_by|replied_by|actor"
)
each_kind = pytest.mark.parametrize("kind", sorted(Event.known))


def test_every_kind_has_an_example_and_there_are_no_others() -> None:
    assert set(EXAMPLES) == set(Event.known)


def test_a_released_example_does_not_change() -> None:
    """A new kind adds a line: `cd tests/contract/events && sha256sum *.json > SHA256SUMS`. No line ever changes."""
    lines = (FOLDER / "SHA256SUMS").read_text().splitlines()
    released = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert released == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.glob("*.json")}


@each_kind
def test_an_example_goes_through_its_class_unchanged(kind: str) -> None:
    event = Event.known[kind].model_validate_json(orjson.dumps(EXAMPLES[kind]))
    said = event.model_dump_json()
    assert orjson.loads(said) == EXAMPLES[kind]
    assert list(orjson.loads(said)) == list(EXAMPLES[kind])
    assert Event.known[kind].model_validate_json(said) == event
    assert len(said.encode()) < MAX_PAYLOAD_BYTES


def test_what_was_added_to_a_released_kind_is_left_out_while_there_is_nothing_to_say() -> None:
    said = EXAMPLES["catalog.item.changed.v1"]
    retired = {**said, "retired_on": "2026-11-01", "heirs": ["08001009"]}
    for payload in (said, retired):
        event = Event.known["catalog.item.changed.v1"].model_validate_json(orjson.dumps(payload))
        assert orjson.loads(event.model_dump_json()) == payload


@each_kind
def test_an_event_is_frozen_and_closed(kind: str) -> None:
    event = Event.known[kind].model_validate(EXAMPLES[kind])
    with pytest.raises(ValidationError):
        setattr(event, "version", 7)  # noqa: B010 - as a type checker would not allow it
    for wrong in ({**EXAMPLES[kind], "phone": "1"}, {**EXAMPLES[kind], "version": 0}):
        with pytest.raises(ValidationError):
            Event.known[kind].model_validate(wrong)


@each_kind
def test_a_kind_its_topic_and_its_key(kind: str) -> None:
    event = Event.known[kind].model_validate(EXAMPLES[kind])
    service, thing, happened, version = kind.split(".")
    assert service in NAMES
    assert re.fullmatch(r"v[1-9][0-9]*", version)
    assert event.service() == service
    assert event.topic() == f"yangguang.{service}"
    # The class is named after what happened, and the key is the id of the thing.
    assert type(event).__name__.lower().startswith(thing)
    assert type(event).__name__.lower().endswith(happened)
    ids = {EXAMPLES[kind].get(name) for name in (thing, "code", "document")}
    assert event.key in ids | {f"{thing}:{one}" for one in ids}


def test_the_events_of_one_thing_share_its_key() -> None:
    for kind, example in EXAMPLES.items():
        for other, compared in EXAMPLES.items():
            if kind.split(".")[:2] == other.split(".")[:2]:
                assert Event.known[kind].model_validate(example).key == Event.known[other].model_validate(compared).key


@each_kind
def test_cloud_events_headers(kind: str) -> None:
    event = Event.known[kind].model_validate(EXAMPLES[kind])
    assert cloud_headers(event, "0199a1f0-9c44-7f10-b1de-6f7a8b9c0d1e") == {
        "ce_specversion": "1.0",
        "ce_id": "0199a1f0-9c44-7f10-b1de-6f7a8b9c0d1e",
        "ce_source": f"/yangguang/{event.service()}",
        "ce_type": kind,
        "ce_subject": event.key,
        "ce_time": EXAMPLES[kind]["at"].replace("Z", "+00:00"),
        "content-type": "application/json",
    }


@each_kind
def test_no_event_has_a_place_for_personal_data(kind: str) -> None:
    assert not [name for name in _fields(Event.known[kind]) if _PERSONAL.search(name)]
    assert not find(orjson.dumps(EXAMPLES[kind]).decode())


def _fields(model: type[BaseModel]) -> Iterator[str]:
    """The names of a model's fields, also of the models inside."""
    for name, field in model.model_fields.items():
        yield name
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from _fields(part)


def test_the_asyncapi_document_is_up_to_date() -> None:
    stands = (ROOT / "docs" / "asyncapi.yaml").read_text(encoding="utf-8")
    assert stands == as_yaml(FOLDER), "run `make docs`"


def test_the_asyncapi_document_holds_together() -> None:
    made = document(EXAMPLES)
    for reference in _references(made):
        found: Any = made
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
    for message in made["components"]["messages"].values():
        (example,) = message["examples"]
        schema = {**message["payload"], "components": made["components"]}
        Draft202012Validator(schema).validate(example["payload"])
        headers = made["components"]["messageTraits"]["cloudEvent"]["headers"]
        Draft202012Validator(headers).validate(example["headers"])


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
