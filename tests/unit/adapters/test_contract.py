"""The contract with consumers: published as it is made, kept when it changes, and true of what is written."""

import json
from copy import deepcopy
from typing import Any
from uuid import uuid4

import jsonschema
import pytest

from adapters.kafka.contract.asyncapi import document
from adapters.kafka.contract.compatible import broken_schemas, broken_topics
from adapters.kafka.contract.published import (
    broken_contract,
    published_document,
    published_names,
    published_schema,
)
from adapters.kafka.contract.schemas import MODELS, ORDER, POSITION, STATE, Schema, schemas
from adapters.kafka.records import Reached, digits
from domain.events import EVENT_TYPES
from projections.group_records import UserRecords
from tests.unit.domain.changes import added, created, deleted, evicted, removed, renamed, reordered
from tests.unit.projections.recorded import recorded

REMOVED = "conversation-groups.conversations-removed.v1"

EVENTS = recorded(
    created(1, "One"),
    added(1, "One", "C2Ca"),
    created(2, "产品体验"),
    reordered(2, "产品体验", 2, 1),
    renamed(1, "One", "Eins"),
    evicted(1, "Eins", "C2Ca"),
    added(1, "Eins", "C2Cb"),
    removed(1, "Eins", "C2Cb"),
    deleted(1, "Eins"),
)


def test_what_this_release_publishes_keeps_the_contract() -> None:
    assert broken_contract() == [], "see what each says to do instead"


def test_what_is_published_is_what_the_models_make() -> None:
    """After a change that only adds: `convgroups schema --write adapters/kafka/contract`."""
    assert published_names() == sorted(MODELS)
    assert {name: published_schema(name) for name in MODELS} == schemas()
    assert published_document() == document()


def test_every_event_type_is_in_the_contract_and_its_events_are_valid() -> None:
    assert {event.TOPIC for event in EVENTS} == set(EVENT_TYPES)
    for event in EVENTS:
        jsonschema.validate(json.loads(event.to_json()), schemas()[event.TOPIC])


def test_the_records_of_groups_and_positions_are_valid() -> None:
    user = UserRecords()
    for event in EVENTS:
        user.apply(event)
        for number, value in user.tell():
            if value is not None:
                name = STATE if number else ORDER
                jsonschema.validate(json.loads(value), schemas()[name])
                assert MODELS[name].model_validate_json(value).to_json() == value
    for event_id in (uuid4(), None):
        reached = Reached(log_id=uuid4(), position=digits(12), event_id=event_id)
        jsonschema.validate(json.loads(reached.to_json()), schemas()[POSITION])


@pytest.mark.parametrize("name", MODELS)
def test_a_schema_is_one_and_lets_fields_come_that_are_not_known(name: str) -> None:
    schema = schemas()[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert "additionalProperties" not in schema
    assert all(field["description"] for field in schema["properties"].values())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({}, schema)


def changed(change: Any) -> list[str]:
    """Say what is broken when the schema of removals is changed so."""
    now = deepcopy(schemas())
    change(now[REMOVED])
    return broken_schemas(schemas(), now)


def field(schema: Schema, name: str) -> Schema:
    found: Schema = schema["properties"][name]
    return found


def test_a_field_that_is_gone_is_said_and_what_to_do_instead() -> None:
    assert changed(lambda schema: schema["properties"].pop("reason")) == [
        f"{REMOVED}: The field reason is gone. Publish conversation-groups.conversations-removed.v2 beside it instead."
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda s: field(s, "groupID").update(type="string"),
            "The type of the field groupID was integer, and is string.",
        ),
        (lambda s: field(s, "eventID").pop("format"), "was string (format uuid), and is string."),
        (
            lambda s: field(s, "reason").update(enum=["removed", "evicted", "expired"]),
            "was string (enum ['removed', 'evicted']), and is string (enum ['removed', 'evicted', 'expired']).",
        ),
        (
            lambda s: field(s, "conversationIDs").update(items={"type": "integer"}),
            "was array of string, and is array of",
        ),
        (
            lambda s: field(s, "device").pop("anyOf"),
            "The type of the field device was string or null, and is anything.",
        ),
        (lambda s: s["required"].remove("actor"), "The field actor may be missing now."),
        (
            lambda s: (s["required"].append("tenant"), s["properties"].update(tenant={"type": "string"})),
            "The new field tenant is required, and events that were recorded before do not have it.",
        ),
        (
            lambda s: s["required"].append("device"),
            "The field device is required now, and events that were recorded before",
        ),
        (lambda s: s.update(additionalProperties=False), "What the value is was {'type': 'object'}, and is"),
        (lambda s: field(s, "groupName").update(maxLength=10), "The type of the field groupName was string, and is"),
    ],
    ids=["type", "format", "enum", "items", "null", "optional", "required", "no more optional", "closed", "bounded"],
)
def test_a_change_that_breaks_readers_is_said(change: Any, said: str) -> None:
    [sentence] = changed(change)
    assert said in sentence
    assert sentence.endswith("Publish conversation-groups.conversations-removed.v2 beside it instead.")


def test_a_change_deep_in_a_record_is_said() -> None:
    now = deepcopy(schemas())
    del now[ORDER]["properties"]["groups"]["items"]["properties"]["groupName"]
    [sentence] = broken_schemas(schemas(), now)
    assert "The field groups[].groupName is gone." in sentence


def test_a_type_that_is_gone_is_said() -> None:
    now = {name: schema for name, schema in schemas().items() if name != REMOVED}
    [sentence] = broken_schemas(schemas(), now)
    assert sentence.startswith(f"{REMOVED} is gone.")


def test_what_only_adds_breaks_nobody() -> None:
    now = deepcopy(schemas())
    now[REMOVED]["properties"]["note"] = {"type": "string"}
    now[REMOVED]["description"] = "In other words."
    now["conversation-groups.group-archived.v1"] = now[REMOVED]
    assert broken_schemas(schemas(), now) == []


def topics(change: Any) -> list[str]:
    now = deepcopy(document())
    change(now)
    return broken_topics(document(), now)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["channels"].pop("groups"), "The topic conversation-groups.groups.v1 is gone."),
        (
            lambda d: d["channels"]["events"].update(address="events"),
            "conversation-groups.events.v1 is called events now.",
        ),
        (
            lambda d: d["channels"]["events"]["bindings"]["kafka"].update(partitions=24),
            "had partitions 12, and has 24.",
        ),
        (
            lambda d: d["channels"]["groups"]["bindings"]["kafka"].update(
                topicConfiguration={"cleanup.policy": ["delete"]}
            ),
            "had topicConfiguration {'cleanup.policy': ['compact']}",
        ),
        (lambda d: d["channels"]["events"]["messages"].pop(REMOVED), f"{REMOVED} is not in the topic"),
        (
            lambda d: d["components"]["messages"][REMOVED]["bindings"]["kafka"]["key"].update(pattern="^.*$"),
            f"The key of {REMOVED} was",
        ),
        (
            lambda d: d["components"]["messages"][STATE]["bindings"]["kafka"]["key"].update(pattern="^.*$"),
            f"The key of {STATE} was",
        ),
        (
            lambda d: d["channels"]["groups"].update({"x-partition-of": "murmur2(key) % partitions"}),
            "had x-partition-of",
        ),
        (
            lambda d: d["channels"]["groups"].pop("x-kept"),
            "had x-kept the newest of each key, and replaced ones for an hour",
        ),
        (lambda d: d["components"]["messages"][STATE]["payload"].update({"$ref": "x"}), f"The payload of {STATE} was"),
        (lambda d: d["components"]["messages"][STATE].update(contentType="x"), f"The contentType of {STATE} was"),
    ],
    ids=[
        "topic gone",
        "renamed",
        "partitions",
        "compaction",
        "message",
        "key of events",
        "key of groups",
        "rule",
        "kept",
        "payload",
        "content type",
    ],
)
def test_a_change_of_topics_and_keys_that_breaks_consumers_is_said(change: Any, said: str) -> None:
    [sentence] = topics(change)
    assert said in sentence
    assert sentence.endswith("make a topic of the next version beside it, and fill both.")


def test_a_header_that_is_gone_is_said_for_every_event() -> None:
    def without_revision(made: Any) -> None:
        for name in EVENT_TYPES:
            made["components"]["messages"][name]["headers"]["properties"].pop("ce_revision", None)

    sentences = topics(without_revision)
    assert len(sentences) == len(EVENT_TYPES)
    assert all("The field header ce_revision is gone." in sentence for sentence in sentences)
