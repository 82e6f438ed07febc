"""Notes when each event comes out of Kafka, until its input ends: `python -m benchmarks.kafka.consumer KAFKA TOPIC`."""

import json
import sys
import threading
import time

from kafka import KafkaConsumer, TopicPartition

PARTITIONS = 12


def main() -> None:
    """Say that it reads, note the moments, and tell all of them at the end."""
    bootstrap, topic = sys.argv[1:]
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False, metrics_enabled=False
    )
    places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer.assign(places)
    ends = consumer.end_offsets(places)
    for place in places:
        consumer.seek(place, ends[place])
    consumer.poll(timeout_ms=1000)  # it is connected then
    over = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    print("ready", flush=True)
    moments: list[tuple[str, float]] = []
    while not over.is_set():
        for records in consumer.poll(timeout_ms=100).values():
            now = time.perf_counter()
            moments += [(dict(record.headers)["ce_id"].decode(), now) for record in records]
    json.dump(moments, sys.stdout)
    consumer.close()


if __name__ == "__main__":
    main()
