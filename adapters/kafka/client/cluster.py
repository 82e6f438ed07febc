"""Questions to Kafka, and the making of topics."""

from collections.abc import Mapping, Sequence
from time import monotonic, sleep
from typing import Any, NamedTuple, Self

from kafka import KafkaAdminClient, TopicPartition, errors
from kafka.admin import ConfigResource
from kafka.protocol.consumer import IsolationLevel, OffsetSpec

from adapters.kafka.client.connect import PATIENCE, connect, in_our_words
from adapters.kafka.settings import KafkaSettings
from domain.ports import Unavailable


class Topic(NamedTuple):
    """A topic as it is."""

    topic_id: str
    """Kafka's own name for it: a topic that was deleted and made again has another."""

    partitions: int


def _topic(described: Any) -> Topic | None:
    error = errors.for_code(described["error_code"])
    if error is errors.UnknownTopicOrPartitionError:
        return None
    if error is not errors.NoError:
        raise error
    return Topic(str(described["topic_id"]), len(described["partitions"]))


class Cluster:
    """Kafka as a whole; connected until the end of the `with`."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self.admin: Any = connect(settings, KafkaAdminClient)
        """For questions that are asked in one place only; what it raises is to be said in our words."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it."""
        self.admin.close()

    def version(self) -> str:
        """Give the release of Kafka, as far as it can be told from what it understands: `4.3`."""
        return ".".join(str(number) for number in self.admin._manager.broker_version)  # noqa: SLF001

    def transaction_version(self) -> int:
        """Give the protocol of transactions that all brokers have agreed on; 0 where they know of none."""
        with in_our_words(self._settings, "asking for its features"):
            features = self.admin.describe_features()
        finalized: tuple[int, int] = features.get("transaction.version", {}).get("finalized", (0, 0))
        return finalized[1]

    def find(self, topic: str) -> Topic | None:
        """Look a topic up; None where there is none of this name."""
        return self.find_all([topic])[0]

    def find_all(self, topics: Sequence[str]) -> list[Topic | None]:
        """Look topics up at once, and give them in the same order."""
        with in_our_words(self._settings, f"looking up the topics {', '.join(topics)}"):
            found = {answer["name"]: answer for answer in self.admin.describe_topics(list(topics))}
            return [_topic(found[topic]) for topic in topics]

    def config(self, topic: str, *names: str) -> dict[str, str]:
        """Give what a topic, or its default, says of these: `cleanup.policy`, `max.message.bytes`, ..."""
        asked = ConfigResource("TOPIC", topic, dict.fromkeys(names))

        async def ask() -> Any:
            return await self.admin._manager.send(self.admin._describe_configs_request([asked]))  # noqa: SLF001

        with in_our_words(self._settings, f"asking what the topic {topic} keeps"):
            [answer] = self.admin._manager.run(ask).results  # noqa: SLF001 - the public way passes over its error
            error = errors.for_code(answer.error_code)
            if error is not errors.NoError:
                raise error(answer.error_message)
        return {found.name: str(found.value) for found in answer.configs}

    def delete(self, topic: str) -> None:
        """Delete a topic, and wait until there is none of this name; it is as good where there was none."""
        with in_our_words(self._settings, f"deleting the topic {topic}"):
            answer = self.admin.delete_topics([topic], raise_errors=False)["topics"][0]
            error = errors.for_code(answer["error_code"])
            if error not in (errors.NoError, errors.UnknownTopicOrPartitionError):
                raise error(answer["error_message"])
        deadline = monotonic() + PATIENCE
        while self.find(topic) is not None:
            if monotonic() > deadline:
                raise Unavailable(f"The topic {topic} is still there {PATIENCE:.0f} s after it was deleted.")
            sleep(0.02)

    def create(self, topic: str, partitions: int, replication_factor: int, config: Mapping[str, str]) -> None:
        """Make a topic and wait until it can be used; one that somebody else makes at the same time is as good.

        A replication factor of -1 leaves it to the broker.
        """
        made = {"num_partitions": partitions, "replication_factor": replication_factor, "configs": dict(config)}
        with in_our_words(self._settings, f"making the topic {topic}"):
            answer = self.admin.create_topics({topic: made}, raise_errors=False)["topics"][0]
            error = errors.for_code(answer["error_code"])
            if error not in (errors.NoError, errors.TopicAlreadyExistsError):
                raise error(answer["error_message"])
            self.admin.wait_for_topics([topic])

    def offsets(self, topic: str, partitions: int, *, committed: bool = False) -> list[range]:
        """Give for each partition the offsets from the oldest one to the high watermark.

        With `committed` only to the last stable one, behind which an open transaction may stand.
        """
        whole = [TopicPartition(topic, number) for number in range(partitions)]
        level = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED
        with in_our_words(self._settings, f"asking how long the topic {topic} is"):
            oldest = self.admin.list_partition_offsets(dict.fromkeys(whole, OffsetSpec.EARLIEST))
            newest = self.admin.list_partition_offsets(dict.fromkeys(whole, OffsetSpec.LATEST), level)
        return [range(oldest[partition].offset, newest[partition].offset) for partition in whole]

    def forget_coordinators(self) -> None:
        """Look them up anew: kafka-python would ask the one that it knows for ever."""
        self.admin._manager.cluster._coordinators.clear()  # noqa: SLF001

    def ask_leader(self, place: TopicPartition, request: Any) -> Any:
        """Send a request of Kafka's protocol to the leader of a partition, and give its answer."""

        async def send() -> Any:
            [leader] = await self.admin._async_get_leader_for_partitions([place])  # noqa: SLF001
            return await self.admin._manager.send(request, node_id=leader)  # noqa: SLF001

        return self.admin._manager.run(send)  # noqa: SLF001
