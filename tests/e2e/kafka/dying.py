"""A relay in a process of its own, which kills or stops itself at a step: `python -m tests.e2e.kafka.dying`.

Arguments: the database, where Kafka is, the prefix, the step and the signal; `never` and 0 let it reach the head.
"""

import os
import sys
from collections.abc import Callable
from typing import Any, Final

from kafka.producer.transaction_manager import TransactionManager

from adapters.kafka import hanging, relay, session
from adapters.kafka.client import producer
from adapters.kafka.client.producer import Producer
from adapters.kafka.client.reader import Reader
from adapters.kafka.relay import Relay
from adapters.kafka.settings import KafkaSettings
from adapters.settings import Settings
from adapters.stores import open_store
from projections.follower import Follower

BATCH: Final = 50

STEPS: Final[dict[str, tuple[Any, str, bool, int]]] = {
    "connected": (session, "ensure_topics", False, 1),
    "topics seen": (session, "ensure_topics", True, 1),
    "taken over": (Producer, "__init__", True, 1),
    "position read": (Reader, "__exit__", False, 1),
    "begun": (TransactionManager, "begin_transaction", True, 2),
    "on their way": (producer, "enqueue", True, 2),
    "topics checked": (session.Session, "check_topics", True, 2),
    "written": (TransactionManager, "begin_commit", False, 2),
    "commit asked for": (TransactionManager, "begin_commit", True, 2),
    "committed": (Producer, "publish", True, 2),
    "looked for what hangs": (relay, "end_hanging_transactions", True, 2),
    "asked how it ended": (hanging, "last_ended", True, 4),
}
"""Where each step is: the function, whether behind its call, and at which of its calls in this process."""


def die_at(step: str, signal: int) -> None:
    """Send this process a signal at the step."""
    owner, name, behind, nth = STEPS[step]
    original: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def dying(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth and not behind:
            os.kill(os.getpid(), signal)
        result = original(*given, **named)
        if calls == nth and behind:
            os.kill(os.getpid(), signal)
        return result

    setattr(owner, name, dying)


def main() -> None:
    """Publish what is not published yet."""
    database, kafka, prefix, step, signal = sys.argv[1:]
    if step != "never":
        die_at(step, int(signal))
    with open_store(Settings(database_url=database)) as store:
        publishing = Relay(KafkaSettings(kafka, prefix, partitions=4), store.log, store.groups.states_at)
        Follower("relay", store.log, publishing, BATCH).catch_up()
        publishing.close()


if __name__ == "__main__":
    main()
