"""How the log and the kept outcomes in PostgreSQL are asked: one commit is one call of a function in the database."""

from collections.abc import Collection, Mapping, Sequence
from itertools import repeat
from typing import Any
from uuid import UUID

from adapters.store.arrays import BigInts, Bytes, Texts, UUIDs
from domain.ports import History, Kept, Key, Stale, Write
from domain.snapshot import VERSION
from domain.stored import Stored

RECORD = "SELECT * FROM record(%b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b)"

RECORD_PREPARED = b"SELECT * FROM record($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
"""The same, for whoever prepares it without the driver's placeholders."""

NEWER = """
SELECT known.place, event.revision, event.topic, event.state
FROM unnest(%b::uuid[], %b::bigint[]) WITH ORDINALITY AS known (stream, revision, place)
CROSS JOIN LATERAL (
    SELECT originator_version AS revision, topic, state FROM stored_events
    WHERE originator_id = known.stream AND originator_version > known.revision) AS event
ORDER BY known.place, event.revision
"""

HISTORY = """
SELECT given.stream, taken.state, event.revisions, event.topics, event.states
FROM unnest(%b::uuid[]) AS given (stream)
LEFT JOIN snapshots AS taken ON taken.stream = given.stream AND taken.version = %b
CROSS JOIN LATERAL (
    SELECT array_agg(revision) AS revisions, array_agg(topic) AS topics, array_agg(state) AS states
    FROM (
        SELECT originator_version AS revision, topic, state FROM stored_events
        WHERE originator_id = given.stream AND originator_version > coalesce(taken.revision, 0)
        ORDER BY originator_version) AS newer) AS event
"""


def record_arguments(write: Write) -> tuple[Any, ...]:
    """Give the arguments of `RECORD`."""
    events, kept = write.events, write.kept
    return (
        UUIDs(write.known),
        BigInts(write.known.values()),
        UUIDs([key.stream for key in write.keys]),
        Texts([key.key for key in write.keys]),
        UUIDs([one.key.stream for one in kept]),
        Texts([one.key.key for one in kept]),
        Bytes([one.command_hash for one in kept]),
        Bytes([one.outcome for one in kept]),
        kept[0].kept_at if kept else None,
        write.expired,
        UUIDs([event.stream for event in events]),
        BigInts([event.revision for event in events]),
        Texts([event.topic for event in events]),
        Bytes([event.value for event in events]),
    )


def newer_arguments(known: Mapping[UUID, int]) -> tuple[Any, ...]:
    """Give the arguments of `NEWER`."""
    return UUIDs(known), BigInts(known.values())


def newer_events(known: Mapping[UUID, int], found: Sequence[tuple[Any, ...]]) -> list[Stored]:
    """Read the rows that `NEWER` gives."""
    streams = list(known)
    return [Stored(streams[place - 1], *event) for place, *event in found]


def history_arguments(streams: Collection[UUID]) -> tuple[Any, ...]:
    """Give the arguments of `HISTORY`."""
    return UUIDs(streams), VERSION


def history(found: Sequence[tuple[Any, ...]]) -> History:
    """Read the rows that `HISTORY` gives, one for each user: rows for each event would keep the driver busy."""
    snapshots: dict[UUID, bytes] = {}
    events: list[Stored] = []
    for stream, snapshot, *columns in found:
        if snapshot is not None:
            snapshots[stream] = snapshot
        if columns[0] is not None:
            events += map(Stored, repeat(stream), *columns)
    return History(snapshots, events)


def stale(write: Write, found: Sequence[tuple[Any, ...]]) -> Stale:
    """Read the rows that `RECORD` gives where it recorded nothing."""
    heads = {stream: head for stream, head, key, *_ in found if key is None}
    names = {(key.stream, key.key): key for key in write.keys}
    used: dict[Key, Kept] = {}
    for stream, _, name, command_hash, outcome, kept_at in found:
        if name is not None:
            key = names[stream, name]
            used[key] = Kept(key, command_hash, outcome, kept_at)
            heads.setdefault(stream, write.known[stream])
    return Stale(heads, used)
