"""The AsyncAPI document of the topics."""

from typing import Any, Final

from adapters.kafka.contract.schemas import ORDER, POSITION, STATE, Schema, schemas
from adapters.kafka.settings import KafkaSettings
from domain.events import EVENT_TYPES

VERSION: Final = "3.1.0"
"""Of AsyncAPI."""

_BINDING: Final = {"bindingVersion": "0.5.0"}
_DEFAULT: Final = KafkaSettings("")

_KEY: Final = "^[0-9]+:[^/]{1,64}$"
_ORDER_KEY: Final = "^[0-9]+:0:[^/]{1,64}$"
_STATE_KEY: Final = "^[0-9]+:[1-9][0-9]*:[^/]{1,64}$"

_HEADERS: Final = {
    "ce_specversion": {"type": "string", "const": "1.0"},
    "ce_id": {"type": "string", "format": "uuid", "description": "The eventID."},
    "ce_source": {"type": "string", "description": "The log: `/conversation-groups/<logID>`."},
    "ce_type": {"type": "string", "description": "The type of the event, which says the schema of the value."},
    "ce_subject": {"type": "string", "description": "The userID."},
    "ce_time": {"type": "string", "format": "date-time", "description": "The recordedAt."},
    "ce_sdkappid": {"type": "string", "pattern": "^[0-9]+$"},
    "ce_revision": {"type": "string", "pattern": "^[0-9]+$"},
    "ce_position": {
        "type": "string",
        "pattern": "^[0-9]{20}$",
        "description": "The place in the log; compared as text, within one `ce_source` only.",
    },
    "ce_correlationid": {"type": "string"},
    "ce_causationid": {"type": "string", "format": "uuid"},
    "content-type": {"type": "string", "const": "application/json"},
    "traceparent": {"type": "string", "description": "The W3C trace context, where there is one."},
}

_ABOUT: Final = """Named groups of chat conversations: every change as an event, and each user's groups as they are.

All records are written in transactions: read with `isolation.level=read_committed`. Then every event is there exactly
once, and those of one user stand in one partition in the order of their revision, which counts from 1 without a gap.
Field names that you do not know may come at any time; what is here stays."""


_GROUPS: Final = """Each user's groups as they are now, changed in the same transactions as the events.

A record is in the partition of the same number as the user's events. The greatest revision among a user's records is
the user's; who ever had a group has the record of the order. To begin here and go on in the events, for each partition:

1. note where the events end for a read-committed reader, and then the high watermark here;
2. wait until the groups end behind that for a read-committed reader, too, and read up to that end, keeping the newest
   value of each key: any other end may lie between two records of one transaction;
3. read the events from what was noted, passing over those whose revision is not above the user's.

That must be done in an hour, which is how long replaced records stay. A partition that is empty here and has events
there is just being made: it is filled in one transaction, so wait."""


_PARTITION_OF: Final = {
    _DEFAULT.events_topic: "murmur2(key) % partitions",
    _DEFAULT.groups_topic: "murmur2('<sdkAppID>:<userID>') % partitions",
    _DEFAULT.positions_topic: "0",
}
"""How a record's partition follows from its key."""

_KEPT: Final = {
    _DEFAULT.events_topic: "every record, for ever",
    _DEFAULT.groups_topic: "the newest of each key, and replaced ones for an hour",
    _DEFAULT.positions_topic: "the newest of each key",
}


def document() -> dict[str, Any]:
    """Describe the topics as they are with the default prefix and number of partitions."""
    made = schemas()
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "conversation-groups",
            "version": "1",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "events": _channel(
                _DEFAULT.events_topic,
                "Every event, for ever. A user's events are in the partition that the default partitioner of Kafka's "
                "clients (murmur2) gives for the key.",
                _DEFAULT.partitions,
                {"cleanup.policy": ["delete"], "retention.ms": -1},
                EVENT_TYPES,
            ),
            "groups": _channel(
                _DEFAULT.groups_topic,
                _GROUPS,
                _DEFAULT.partitions,
                {"cleanup.policy": ["compact"]},
                (ORDER, STATE),
            ),
            "positions": _channel(
                _DEFAULT.positions_topic,
                "How far the log is published: the last record of each transaction.",
                1,
                {"cleanup.policy": ["compact"]},
                (POSITION,),
            ),
        },
        "operations": {
            f"publish{name.capitalize()}": {"action": "send", "channel": {"$ref": f"#/channels/{name}"}}
            for name in ("events", "groups", "positions")
        },
        "components": {
            "messages": {
                **{name: _event(name, made[name]) for name in EVENT_TYPES},
                ORDER: _record(ORDER, made[ORDER], _ORDER_KEY, "`<sdkAppID>:0:<userID>`."),
                STATE: _record(
                    STATE, made[STATE], _STATE_KEY, "`<sdkAppID>:<groupID>:<userID>`; no value once it is deleted."
                ),
                POSITION: _record(POSITION, made[POSITION], f"^{_DEFAULT.relay_id}$", "Always the same."),
            },
            "schemas": {name: _embedded(schema) for name, schema in made.items()},
        },
    }


def _channel(topic: str, about: str, partitions: int, config: dict[str, Any], messages: Any) -> dict[str, Any]:
    return {
        "x-partition-of": _PARTITION_OF[topic],
        "x-kept": _KEPT[topic],
        "address": topic,
        "description": about,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"kafka": {"topic": topic, "partitions": partitions, "topicConfiguration": config, **_BINDING}},
    }


def _event(name: str, schema: Schema) -> dict[str, Any]:
    required = [header for header in _HEADERS if header != "traceparent"]
    about = "CloudEvents 1.0 in binary mode. The key is `<sdkAppID>:<userID>`."
    headers = {"type": "object", "required": required, "properties": _HEADERS}
    return _record(name, schema, _KEY, about) | {"headers": headers}


def _record(name: str, schema: Schema, key: str, about: str) -> dict[str, Any]:
    return {
        "name": name,
        "title": schema["title"],
        "summary": schema["description"],
        "description": about,
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "bindings": {"kafka": {"key": {"type": "string", "pattern": key}, **_BINDING}},
    }


def _embedded(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if not name.startswith("$")}
