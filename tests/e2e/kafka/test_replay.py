"""History is published again, to a topic of its own: in order, once, and on after an interruption."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.kafka.refused import RelayRefused
from adapters.kafka.replay import Replay, Replayed, Selection
from adapters.kafka.settings import KafkaSettings
from domain.values import stream_id
from tests.e2e.kafka.conftest import NewRelay
from tests.e2e.kafka.consumer import in_order, read_all
from tests.e2e.kafka.log import APP, MemoryLog
from tests.e2e.kafka.moments import Crash, Moment, crash, once_at


@pytest.fixture
def target(kafka_prefix: str) -> str:
    return f"replay-of-{kafka_prefix}"


def positions(settings: KafkaSettings, target: str) -> list[int]:
    return sorted(message.position for message in read_all(settings.bootstrap_servers, target))


def run(settings: KafkaSettings, log: MemoryLog, target: str, selection: Selection | None = None) -> Replayed:
    return Replay(settings, log, target, selection or Selection()).run()


def numbers(log: MemoryLog, wanted: Sequence[int] | None = None) -> list[int]:
    return [entry.position for entry in log.entries if wanted is None or entry.position in wanted]


def test_all_of_it_comes_again_as_the_relay_publishes_it(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, target: str
) -> None:
    log.grow(300)
    relay = new_relay()
    relay.checkpoint()
    relay.apply(log.entries)
    assert run(settings, log, target) == Replayed(log.head(), log.head())
    again, first = (
        sorted(read_all(settings.bootstrap_servers, topic), key=lambda message: (message.partition, message.offset))
        for topic in (target, settings.events_topic)
    )
    assert in_order(again)
    assert [(m.partition, m.key, m.value, m.headers) for m in again] == [
        (m.partition, m.key, m.value, m.headers) for m in first
    ]
    assert relay.checkpoint() == log.head()


def test_it_goes_on_behind_an_interruption_and_doubles_nothing(
    settings: KafkaSettings, log: MemoryLog, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.kafka.replay.BATCH", 40)
    log.grow(200)
    told: list[int] = []

    def interrupt(position: int, _: int) -> None:
        told.append(position)
        if position == 80:
            once_at(Moment.WRITTEN, monkeypatch, crash)

    with pytest.raises(Crash):
        Replay(settings, log, target, Selection()).run(interrupt)
    assert told == [40, 80]
    assert run(settings, log, target) == Replayed(log.head() - 80, log.head())
    assert positions(settings, target) == numbers(log)
    log.grow(30)
    run(settings, log, target)
    assert positions(settings, target) == numbers(log)


@pytest.mark.parametrize("what", ["position", "time", "user", "user since"])
def test_a_part_of_it(settings: KafkaSettings, log: MemoryLog, target: str, what: str) -> None:
    log.grow(200, users=5)
    moment = log.entries[120].event.recorded_at
    of_user = [entry for entry in log.entries if entry.event.originator_id == stream_id(APP, "user-3")]
    selection, expected = {
        "position": (Selection(from_position=50), log.entries[49:]),
        "time": (Selection(from_time=moment), [e for e in log.entries if e.event.recorded_at >= moment]),
        "user": (Selection(sdk_app_id=APP, user_id="user-3"), of_user),
        "user since": (
            Selection(from_time=moment, sdk_app_id=APP, user_id="user-3"),
            [entry for entry in of_user if entry.event.recorded_at >= moment],
        ),
    }[what]
    done = run(settings, log, target, selection)
    assert done.events == len(expected)
    assert positions(settings, target) == [entry.position for entry in expected]


def test_another_selection_or_another_log_is_not_mixed_in(settings: KafkaSettings, log: MemoryLog, target: str) -> None:
    log.grow(50)
    run(settings, log, target)
    for selection in (Selection(from_position=2), Selection(from_time=log.entries[0].event.recorded_at + timedelta(1))):
        with pytest.raises(RelayRefused, match="holds another selection"):
            run(settings, log, target, selection)
    other = MemoryLog()
    other.grow(50)
    with pytest.raises(RelayRefused, match="or that of another log"):
        run(settings, other, target)
    assert positions(settings, target) == numbers(log)


def test_it_never_writes_where_somebody_else_does(new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog) -> None:
    log.grow(20)
    relay = new_relay()
    relay.checkpoint()
    relay.apply(log.entries)
    for topic in (settings.events_topic, settings.groups_topic, f"{settings.topic_prefix}.anything"):
        with pytest.raises(RelayRefused, match="may be a topic of the service"):
            run(settings, log, topic)
    with pytest.raises(RelayRefused, match="holds what no replay has written"):
        run(replace(settings, topic_prefix=f"other-{settings.topic_prefix}"), log, settings.events_topic)
    assert len(read_all(settings.bootstrap_servers, settings.events_topic)) == log.head()


def test_a_live_relay_goes_on_beside_it(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, target: str
) -> None:
    log.grow(100)
    relay = new_relay()
    relay.checkpoint()
    relay.apply(log.read(0, 50))
    run(settings, log, target)
    relay.apply(log.read(50, 100))
    assert relay.checkpoint() == log.head()
