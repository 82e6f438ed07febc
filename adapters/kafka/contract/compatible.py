"""Whether who reads by the published contract can read what the models write now."""

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.kafka.contract.schemas import Schema

_OF_ONE_VALUE = (
    *("type", "format", "enum", "const", "pattern", "items", "anyOf", "additionalProperties"),
    *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"),
)
_SAYS_WHAT_IT_IS = (*_OF_ONE_VALUE, "properties", "required")


def broken_schemas(published: Mapping[str, Schema], now: Mapping[str, Schema]) -> list[str]:
    """Say in sentences what breaks readers, and what to do instead; nothing for what only adds to a value."""
    found: list[str] = []
    for name, before in published.items():
        after = now.get(name)
        if after is None:
            found.append(
                f"{name} is gone. What was published will be read for ever: keep the type, and record another one "
                "beside it instead."
            )
        else:
            found += [f"{name}: {what} Publish {_next(name)} beside it instead." for what in _broken(before, after, "")]
    return found


def broken_topics(published: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say the same of topics, keys and headers, for two AsyncAPI documents."""
    found: list[str] = []
    for name, before in published["channels"].items():
        found += _broken_channel(before, now["channels"].get(name))
    messages = now["components"]["messages"]
    for name, before in published["components"]["messages"].items():
        if name in messages:
            found += _broken_message(name, before, messages[name])
    advice = "Consumers hold on to it: make a topic of the next version beside it, and fill both."
    return [f"{what} {advice}" for what in found]


def _broken(before: Schema, after: Schema, path: str) -> Iterator[str]:
    required = set(before.get("required", ()))
    own, own_now = ({name: one[name] for name in _OF_ONE_VALUE if name in one} for one in (before, after))
    if own != own_now:
        yield f"What {path.rstrip('.') or 'the value'} is was {own}, and is {own_now}."
    for field, was in before.get("properties", {}).items():
        where = f"{path}{field}"
        if field not in after.get("properties", {}):
            yield f"The field {where} is gone."
            continue
        now = after["properties"][field]
        if _meaning(was) != _meaning(now):
            if was.get("type") == now.get("type") == "object":
                yield from _broken(was, now, f"{where}.")
            elif was.get("type") == now.get("type") == "array" and "properties" in was.get("items", {}):
                yield from _broken(was["items"], now["items"], f"{where}[].")
            else:
                yield f"The type of the field {where} was {_told(was)}, and is {_told(now)}."
        if field in required and field not in after.get("required", ()):
            yield f"The field {where} may be missing now."
    yield from _required_now(before, after, path)


def _required_now(before: Schema, after: Schema, path: str) -> Iterator[str]:
    for field in after.get("required", ()):
        if field not in before.get("properties", {}):
            yield f"The new field {path}{field} is required, and events that were recorded before do not have it."
        elif field not in before.get("required", ()):
            yield f"The field {path}{field} is required now, and events that were recorded before may not have it."


def _broken_channel(before: Any, after: Any) -> Iterator[str]:
    topic = before["address"]
    if after is None:
        yield f"The topic {topic} is gone."
        return
    if after["address"] != topic:
        yield f"The topic {topic} is called {after['address']} now."
    for what in ("partitions", "topicConfiguration"):
        was, now = (channel["bindings"]["kafka"][what] for channel in (before, after))
        if was != now:
            yield f"The topic {topic} had {what} {was}, and has {now}."
    for what in ("x-partition-of", "x-kept"):
        if before.get(what) != after.get(what):
            yield f"The topic {topic} had {what} {before.get(what)}, and has {after.get(what)}."
    for message in before["messages"].keys() - after["messages"].keys():
        yield f"{message} is not in the topic {topic} any more."


def _broken_message(name: str, before: Any, after: Any) -> Iterator[str]:
    was, now = (message["bindings"]["kafka"]["key"]["pattern"] for message in (before, after))
    if was != now:
        yield f"The key of {name} was {was}, and is {now}."
    for part in ("payload", "contentType"):
        if before[part] != after[part]:
            yield f"The {part} of {name} was {before[part]}, and is {after[part]}."
    yield from (f"{name}: {what}" for what in _broken(before.get("headers", {}), after.get("headers", {}), "header "))


def _meaning(schema: Any) -> Any:
    """Leave out what only people read."""
    if isinstance(schema, list):
        return [_meaning(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _meaning(value) for name, value in schema.items() if name in _SAYS_WHAT_IT_IS}
    if "properties" in schema:
        kept["properties"] = {name: _meaning(value) for name, value in schema["properties"].items()}
    return kept


def _told(schema: Schema) -> str:
    if "anyOf" in schema:
        return " or ".join(map(_told, schema["anyOf"]))
    told = str(schema.get("type", "anything"))
    if "items" in schema:
        told += f" of {_told(schema['items'])}"
    details = [f"{name} {schema[name]}" for name in ("format", "enum", "const", "pattern") if name in schema]
    return f"{told} ({', '.join(details)})" if details else told


def _next(name: str) -> str:
    stem, _, version = name.rpartition(".v")
    return f"{stem}.v{int(version) + 1}"
