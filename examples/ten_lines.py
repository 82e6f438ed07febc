import json

from kafka import KafkaConsumer

for record in KafkaConsumer(
    "conversation-groups.events.v1",
    bootstrap_servers="127.0.0.1:9092",
    auto_offset_reset="earliest",
    isolation_level="read_committed",
):
    event, headers = json.loads(record.value), dict(record.headers)
    print(event["userID"], event["revision"], headers["ce_type"].decode(), event["groupName"], flush=True)
