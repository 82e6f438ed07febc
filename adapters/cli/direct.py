"""The way to a user's groups that needs no service: the database itself."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
from eventsourcing.persistence import PersistenceError
from sqlalchemy.exc import DBAPIError
from starlette.responses import Response

from adapters.cli.callers import MOST_CONVERSATIONS, Notes, Refused, Told
from adapters.cli.failures import sentence
from adapters.feed.frames import write_cursor
from adapters.feed.missed import Missed
from adapters.http.answers import GroupList, HistoryPage, answer_json
from adapters.http.problems import refused
from adapters.http.reads import conversation_page
from adapters.settings import Settings
from adapters.stores import Store, open_store, open_store_to_write
from domain.commands import Command
from domain.outcomes import Outcome
from domain.ports import Unavailable
from domain.refusals import GroupNotFound, MalformedUserID, Refusal
from domain.submission import Submission
from domain.values import is_user_id, stream_id
from projections.group_lists import current_lists
from projections.history import current_history

LOOK_AGAIN: Final = 0.2
"""Seconds between two looks at the log, where nothing follows."""


class Direct(NamedTuple):
    """Asks the database; implements `Caller`."""

    settings: Settings
    app_id: int

    def send(self, user: str, command: Command, notes: Notes, *, dry_run: bool) -> dict[str, Any]:
        """Carry out a command; raises `HeldElsewhere` while a service runs on the database."""
        try:
            submission = Submission(
                sdk_app_id=self.app_id, user_id=user, command=command, actor=user, **notes._asdict()
            )
            with open_store(self.settings) if dry_run else open_store_to_write(self.settings) as store:
                return _parsed(answer_json(_carry_out(store, submission, dry_run=dry_run)))
        except Refusal as refusal:
            raise Refused(_body(refused(refusal))) from None

    def groups(self, user: str) -> dict[str, Any]:
        """List a user's groups."""
        stream = self._stream(user)
        with open_store(self.settings) as store:
            lists = current_lists(store.log, store.group_lists, stream)
            return _parsed(GroupList.of(lists, store.log.log_id()).to_json())

    def conversations(self, user: str, group: str | int) -> dict[str, Any]:
        """List what is in one group."""
        stream = self._stream(user)
        with open_store(self.settings) as store:
            lists = current_lists(store.log, store.group_lists, stream)
        try:
            return _parsed(conversation_page(lists, group, MOST_CONVERSATIONS).to_json())
        except GroupNotFound as refusal:
            raise Refused(_body(refused(refusal))) from None

    def history(self, user: str, after: int, limit: int) -> dict[str, Any]:
        """Tell a user's history."""
        stream = self._stream(user)
        with open_store(self.settings) as store:
            revision = store.log.revision(stream)
            rows = current_history(store.log, store.history, stream, after, limit + 1)
            return _parsed(HistoryPage.of(revision, rows, limit).to_json())

    @contextmanager
    def listen(self, user: str, cursor: str | None) -> Iterator[Iterator[Told]]:
        """Listen to the live feed, by reading the log again and again."""
        stream = self._stream(user)
        try:
            with open_store(self.settings) as store:
                yield _told(store, stream, cursor, self.settings.feed_depth)
        except (DBAPIError, PersistenceError, psycopg.Error, sqlite3.Error) as error:
            raise Unavailable(sentence(error)) from error

    def _stream(self, user: str) -> UUID:
        if not is_user_id(user):
            raise Refused(_body(refused(MalformedUserID())))
        return stream_id(self.app_id, user)


def _carry_out(store: Store, submission: Submission, *, dry_run: bool) -> Outcome:
    if dry_run:
        return store.groups.dry_run(submission)
    [reply] = store.groups.handle([submission])
    if not isinstance(reply.result, Outcome):
        raise reply.result
    return reply.result


def _told(store: Store, stream: UUID, cursor: str | None, depth: int) -> Iterator[Told]:
    """Tell what follows a cursor, for as long as this is the same log."""
    log_id = store.log.log_id()
    missed = Missed(store.log, log_id, store.groups, stream, cursor, depth)
    while store.log.log_id() == log_id:
        before = missed.revision
        for frame in missed.read():
            yield Told(write_cursor(log_id, frame.revision), frame.kind, frame.data)
        if missed.revision == before:
            sleep(LOOK_AGAIN)


def _body(response: Response) -> dict[str, Any]:
    return _parsed(bytes(response.body))


def _parsed(body: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(body)
    return answer
