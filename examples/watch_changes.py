"""Tell every change of anybody's groups in words, as it comes out of Kafka: a program to start your own from.

It needs kafka-python and nothing of the service: `python examples/watch_changes.py 127.0.0.1:9092`.
"""

import argparse
import json
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaConsumer


def main() -> None:
    """Read the topic from its beginning, and go on for ever."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap_servers", nargs="?", default="127.0.0.1:9092")
    parser.add_argument("--prefix", default="conversation-groups", help="what the topics' names begin with")
    given = parser.parse_args()
    changes = KafkaConsumer(
        f"{given.prefix}.events.v1",
        bootstrap_servers=given.bootstrap_servers,
        auto_offset_reset="earliest",
        # Events are published in transactions. Without this, those of a transaction that was given up are seen too.
        isolation_level="read_committed",
        # Whoever makes the topic decides how many partitions it has: leave that to the service.
        allow_auto_create_topics=False,
    )
    try:
        for record in changes:
            headers = {name: value.decode() for name, value in record.headers}
            event = json.loads(record.value)
            print(f"{event['userID']} {in_words(headers['ce_type'], event)}  {age(event)}", flush=True)
    except KeyboardInterrupt:
        changes.close()


def in_words(event_type: str, event: dict[str, Any]) -> str:
    """Say what happened. A type that is not known may come with a later release: pass over it."""
    group = f"“{event['groupName']}”"
    conversations = " ".join(event.get("conversationIDs", []))
    match event_type.removeprefix("conversation-groups."):
        case "group-created.v1":
            return f"made {group}"
        case "group-renamed.v1":
            return f"renamed “{event['oldName']}” to {group}"
        case "group-deleted.v1":
            return f"deleted {group}" + (f", which had {conversations}" if conversations else "")
        case "conversations-added.v1":
            return f"put {conversations} into {group}"
        case "conversations-removed.v1":
            return f"took {conversations} out of {group}"
        case "groups-reordered.v1":
            return f"moved {group} in the list of {len(event['order'])}"
        case unknown:
            return f"did something new to {group}: {unknown}"


def age(event: dict[str, Any]) -> str:
    """Say how long ago it was recorded."""
    past = datetime.now(UTC) - datetime.fromisoformat(event["recordedAt"])
    return (
        f"({past.total_seconds():.1f} s ago)" if past.total_seconds() >= 1 else f"({past.microseconds // 1000} ms ago)"
    )


if __name__ == "__main__":
    main()
