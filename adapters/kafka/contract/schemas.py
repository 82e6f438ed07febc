"""The JSON Schema of each value that is published, made from the models."""

from typing import Any, Final

from adapters.kafka.records import Reached
from domain.events import EVENT_TYPES
from domain.values import WireModel
from projections.group_records import GroupOrder, GroupState

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

ORDER, STATE, POSITION = "group-order.v1", "group-state.v1", "position.v1"

MODELS: Final[dict[str, type[WireModel]]] = {**EVENT_TYPES, ORDER: GroupOrder, STATE: GroupState, POSITION: Reached}
"""By the name of the schema; an event's is its type."""

_WORDS: Final = {
    "eventID": "Of this event; it is the same wherever the event is read.",
    "sdkAppID": "The app whose user it is.",
    "userID": "Whose groups they are.",
    "revision": "Counts the events of one user of one app, from 1 and without a gap. In the groups topic: the revision "
    "with which the record last changed.",
    "recordedAt": "When it was recorded, in UTC with microseconds; never before the user's event before.",
    "actor": "Who did it: the user, or an administrator of the app.",
    "device": "The device that the command came from, where it said so.",
    "command": "The command that recorded it; one command may record several events.",
    "commandID": "Of that command.",
    "correlationID": "The one that the request carried, or the command's ID.",
    "causationID": "What caused the event: the command.",
    "traceparent": "The W3C trace context of the request, where it had one.",
    "groupID": "Counted per user from 1, and never used again.",
    "groupName": "The group's name behind this event; a deleted group's last one.",
    "oldName": "The name before.",
    "conversationIDs": "`C2C` and a user ID, or `GROUP` and the ID of a group chat, in the order they were added.",
    "reason": "`removed` by the command itself, or `evicted` to make room.",
    "order": "The IDs of all groups, in the order that the user gave them.",
    "groups": "All groups of the user, in order.",
    "logID": "The log that the position is of: it is another one after a backup was restored.",
    "position": "A place in the log, in 20 digits; compared as text, within one log only.",
}


def schemas() -> dict[str, Schema]:
    """Give every schema by its name. A consumer is to pass over fields that it does not know."""
    return {name: _schema(name, model) for name, model in MODELS.items()}


def _schema(name: str, model: type[WireModel]) -> Schema:
    made = model.model_json_schema(mode="serialization")
    parts = made.pop("$defs", {})
    about = {"$schema": DIALECT, "$id": f"urn:conversation-groups:schema:{name}"}
    schema: Schema = about | _clean(made, parts) | {"title": model.__name__}
    return schema


def _clean(made: Any, parts: dict[str, Any]) -> Any:
    """Put the parts where they are used, leave out titles that only repeat a name, and say what each field means."""
    if isinstance(made, list):
        return [_clean(one, parts) for one in made]
    if not isinstance(made, dict):
        return made
    if "$ref" in made:
        return _clean(parts[made["$ref"].rpartition("/")[2]], parts)
    cleaned = {name: _clean(value, parts) for name, value in made.items() if name not in ("title", "properties")}
    if "properties" in made:
        cleaned["properties"] = {
            name: {"description": _WORDS[name], **_clean(value, parts)} for name, value in made["properties"].items()
        }
    return cleaned
