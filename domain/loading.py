"""Users' groups from the log: from a snapshot, or from what is known, to the newest event."""

from asyncio import sleep
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby, islice
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from domain.groups import UserConversationGroups, replay
from domain.ports import AsyncRecorder
from domain.snapshot import from_snapshot
from domain.stored import CannotGoOn, Stored, load_change

EVENTS_IN_A_ROW = 60
"""How many are taken in before others go first: a matter of a quarter of a millisecond."""

NOTHING = UserConversationGroups()

Loaded = UserConversationGroups | CannotGoOn
"""One user's groups, or why they are not known."""


class Newer(NamedTuple):
    """What was read of some users, and is still to be taken in."""

    known: Mapping[UUID, UserConversationGroups]
    events: Sequence[Stored] = ()
    """Those behind what is known: user by user, the oldest first."""


async def loaded(recorder: AsyncRecorder, streams: Collection[UUID]) -> dict[UUID, Loaded]:
    """Give the groups of these users, of whom nothing is known."""
    return await replayed(await read(recorder, streams))


async def read(recorder: AsyncRecorder, streams: Collection[UUID]) -> Newer:
    """Read all that is needed to know the groups of these users, of whom nothing is known."""
    if not streams:
        return Newer({})
    history = await recorder.history(streams)
    begun = {stream: from_snapshot(snapshot) for stream, snapshot in history.snapshots.items()}
    known = {stream: begun.get(stream) or NOTHING for stream in streams}
    unusable = {stream: 0 for stream, state in begun.items() if state is None}
    if not unusable:
        return Newer(known, history.events)
    events = [stored for stored in history.events if stored.stream not in unusable]
    return Newer(known, [*events, *await recorder.newer(unusable)])


async def as_of(recorder: AsyncRecorder, at: Mapping[UUID, int], most: int | None = None) -> dict[UUID, Loaded]:
    """Give the groups of these users, each as of a revision; without those for whom more than `most` events count."""
    history = await recorder.history(at.keys())
    known: dict[UUID, UserConversationGroups] = {}
    for stream, revision in at.items():
        taken = history.snapshots.get(stream)
        newest = NOTHING if taken is None else from_snapshot(taken)
        begun = newest if newest is not None and newest.revision <= revision else NOTHING
        if most is None or revision - begun.revision <= most:
            known[stream] = begun
    whole = {stream: 0 for stream, begun in known.items() if begun is NOTHING and stream in history.snapshots}
    events = [stored for stored in history.events if stored.stream in known and stored.stream not in whole]
    events += await recorder.newer(whole) if whole else ()
    return await replayed(Newer(known, [stored for stored in events if stored.revision <= at[stored.stream]]))


async def brought_forward(recorder: AsyncRecorder, known: Mapping[UUID, UserConversationGroups]) -> dict[UUID, Loaded]:
    """Give the groups of these users as the log has them, from what is known of them on."""
    if not known:
        return {}
    newer = await recorder.newer({stream: state.revision for stream, state in known.items()})
    return await replayed(Newer(known, newer))


async def replayed(newer: Newer) -> dict[UUID, Loaded]:
    """Give the groups of the users as they are with the events taken in."""
    states: dict[UUID, Loaded] = {**newer.known}
    taken_in = 0
    for stream, events in groupby(newer.events, key=attrgetter("stream")):
        state = newer.known[stream]
        try:
            while some := [load_change(stored) for stored in islice(events, EVENTS_IN_A_ROW)]:
                state = replay(state, some)
                taken_in += len(some)
                if taken_in >= EVENTS_IN_A_ROW:
                    taken_in = 0
                    await sleep(0)
            states[stream] = state
        except CannotGoOn as unreadable:
            states[stream] = unreadable
    return states
