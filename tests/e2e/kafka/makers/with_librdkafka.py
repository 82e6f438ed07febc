"""The same with the client of another maker: `with_librdkafka.py KAFKA PREFIX CONTRACT`, and the count on the input."""

import json
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Any

import jsonschema
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

Users = dict[str, dict[str, Any]]
wanted: list[int] = []


def connect(bootstrap: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "not used",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "allow.auto.create.topics": False,
        }
    )


def partitions(consumer: Consumer, topic: str) -> list[TopicPartition]:
    while True:
        try:
            found = consumer.list_topics(topic, timeout=5).topics[topic]
        except KafkaException:  # away, for now
            continue
        if found.partitions:
            return [TopicPartition(topic, number, OFFSET_BEGINNING) for number in found.partitions]
        time.sleep(0.05)


def read(consumer: Consumer, seconds: float) -> list[Any]:
    return [message for message in consumer.consume(500, seconds) if message.error() is None]


def fold(consumer: Consumer, topic: str, schemas: dict[str, Any]) -> Users:
    consumer.assign(partitions(consumer, topic))
    users: Users = {}
    positions: set[bytes] = set()
    since = time.monotonic()
    # When all are there, it looks on for a while: one more would be a double.
    while not wanted or len(positions) < wanted[0] or time.monotonic() < since + 1:
        for message in read(consumer, 0.1):
            since = time.monotonic()
            headers = dict(message.headers())
            event, event_type = json.loads(message.value()), headers["ce_type"].decode()
            schemas[event_type].validate(event)
            assert message.key().decode() == f"{event['sdkAppID']}:{event['userID']}", event
            assert headers["ce_position"] not in positions, f"twice: {event}"
            positions.add(headers["ce_position"])
            user = users.setdefault(
                message.key().decode(), {"revision": 0, "names": {}, "members": {}, "partition": message.partition()}
            )
            assert event["revision"] == user["revision"] + 1, f"behind {user['revision']} came {event}"
            assert message.partition() == user["partition"], event
            user["revision"] += 1
            take(user, event_type.split(".")[1], event)
        assert not wanted or len(positions) <= wanted[0], "too many"
    return users


def take(user: dict[str, Any], what: str, event: dict[str, Any]) -> None:
    names, members, group = user["names"], user["members"], event["groupID"]
    if what == "group-created":
        names[group], members[group] = event["groupName"], {}
    elif what == "group-renamed":
        assert names[group] == event["oldName"]
        names[group] = event["groupName"]
    elif what == "group-deleted":
        assert set(members.pop(group)) == set(event["conversationIDs"])
        del names[group]
    elif what == "conversations-added":
        assert members[group].keys().isdisjoint(event["conversationIDs"])
        members[group] |= dict.fromkeys(event["conversationIDs"])
    elif what == "conversations-removed":
        for conversation in event["conversationIDs"]:
            del members[group][conversation]
    else:
        assert what == "groups-reordered"
        user["names"] = {moved: names[moved] for moved in event["order"]}


def newest(consumer: Consumer, topic: str, schemas: dict[str, Any]) -> Users:
    places = partitions(consumer, topic)
    consumer.assign(places)
    ends = {place.partition: consumer.get_watermark_offsets(place, timeout=10)[1] for place in places}
    values: dict[str, Any] = {}
    while any(place.offset < ends[place.partition] for place in consumer.position(places) if ends[place.partition]):
        for message in read(consumer, 0.1):
            key = message.key().decode()
            if message.value() is None:
                values.pop(key, None)
                continue
            values[key] = json.loads(message.value())
            schemas["group-order.v1" if key.split(":")[1] == "0" else "group-state.v1"].validate(values[key])
    users: Users = {}
    for key, value in values.items():
        app, number, name = key.split(":", 2)
        user = users.setdefault(f"{app}:{name}", {"revision": 0, "names": {}, "members": {}})
        user["revision"] = max(user["revision"], value["revision"])
        if number == "0":
            user["names"] = {group["groupID"]: group["groupName"] for group in value["groups"]}
        else:
            user["members"][int(number)] = dict.fromkeys(value["conversationIDs"])
    return users


def told(users: Users) -> dict[str, Any]:
    return {
        key: [user["revision"], [[group, name, list(user["members"][group])] for group, name in user["names"].items()]]
        for key, user in users.items()
    }


def main() -> None:
    bootstrap, prefix, contract = sys.argv[1:]
    schemas = {
        file.name.removesuffix(".json"): jsonschema.Draft202012Validator(json.loads(file.read_text()))
        for file in Path(contract, "schemas").iterdir()
    }
    Thread(target=lambda: wanted.append(int(sys.stdin.readline())), daemon=True).start()
    consumer = connect(bootstrap)
    events = told(fold(consumer, f"{prefix}.events.v1", schemas))
    groups = told(newest(consumer, f"{prefix}.groups.v1", schemas))
    json.dump({"events": events, "groups": groups}, sys.stdout)


if __name__ == "__main__":
    main()
