"""The view `group-lists` in the database of the log."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from adapters.store.arrays import BigInts, Integers, Texts, Times, UUIDs
from adapters.store.datastore import Cursor
from adapters.store.rows import for_each
from adapters.views.postgres_tables import PostgresTables
from adapters.views.view import View
from domain.ports import Entry
from projections.group_lists import GroupRow, Membership, UserGroupLists, groups_before

LOAD = """
SELECT 'user', NULL::bigint, NULL, revision, NULL::integer, NULL::timestamptz, NULL::timestamptz
FROM group_lists_users WHERE stream = %(stream)s
UNION ALL SELECT 'group', group_id, name, place, conversation_count, created_at, updated_at
FROM group_lists_groups WHERE stream = %(stream)s
UNION ALL SELECT 'membership', group_id, conversation_id, revision, place, added_at, NULL
FROM group_lists_memberships WHERE stream = %(stream)s
"""


class PostgresGroupLists(PostgresTables, View[Cursor]):
    """Implements `projections.group_lists.GroupListsTable`."""

    name = "group-lists"
    tables = ("group_lists_users", "group_lists_groups", "group_lists_memberships")

    def load(self, stream: UUID) -> UserGroupLists:
        """Load one user's part whole: in one query, so as of one moment."""
        lists = UserGroupLists()
        with self.datastore.statement() as c:
            rows = c.execute(LOAD, {"stream": stream}).fetchall()
        for kind, group_id, text, number, count, at, updated_at in rows:
            match kind:
                case "user":
                    lists.revision = number
                case "group":
                    lists.groups[group_id] = GroupRow(text, number, count, at, updated_at)
                case _:
                    lists.memberships[group_id, text] = Membership(number, count, at)
        return lists

    def write(self, c: Cursor, entries: Sequence[Entry]) -> None:
        """Apply the entries to the users they belong to, and write each changed row once."""
        users = {entry.event.originator_id: entry.event for entry in entries}
        lists = _load_lists(c, users, entries)
        new = users.keys() - lists.keys()
        lists |= {stream: UserGroupLists() for stream in new}
        for entry in entries:
            lists[entry.event.originator_id].apply(entry.event)
        moved = [(stream, lists[stream].revision) for stream in users if stream not in new]
        for_each(
            c,
            "UPDATE group_lists_users AS u SET revision = now.revision FROM unnest(%b, %b) AS now (stream, revision) "
            "WHERE u.stream = now.stream",
            (UUIDs, BigInts),
            moved,
        )
        made = [(stream, users[stream].sdk_app_id, users[stream].user_id, lists[stream].revision) for stream in new]
        columns = (UUIDs, BigInts, Texts, BigInts)
        for_each(c, "INSERT INTO group_lists_users SELECT * FROM unnest(%b, %b, %b, %b)", columns, made)
        _write_groups(c, lists)
        _write_memberships(c, lists)


def _load_lists(c: Cursor, streams: Iterable[UUID], entries: Sequence[Entry]) -> dict[UUID, UserGroupLists]:
    """Load what is there of these users' parts, as far as these entries, which are theirs, change it."""
    c.execute("SELECT stream, revision FROM group_lists_users WHERE stream = ANY(%b)", (UUIDs(streams),))
    lists = {stream: UserGroupLists(revision=revision) for stream, revision in c.fetchall()}
    needed = {(entry.event.originator_id, group_id) for entry in entries for group_id in groups_before(entry.event)}
    rows = for_each(
        c,
        "SELECT stream, group_id, name, place, conversation_count, created_at, updated_at "
        "FROM unnest(%b, %b) AS needed (stream, group_id) JOIN group_lists_groups USING (stream, group_id)",
        (UUIDs, BigInts),
        list(needed),
    )
    for stream, group_id, *row in rows:
        lists[stream].groups[group_id] = GroupRow(*row)
    return lists


def _write_groups(c: Cursor, lists: dict[UUID, UserGroupLists]) -> None:
    gone = [(stream, group_id) for stream, one in lists.items() for group_id in one.changes.groups_deleted]
    for_each(
        c,
        "DELETE FROM group_lists_groups AS g USING unnest(%b, %b) AS gone (stream, group_id) "
        "WHERE g.stream = gone.stream AND g.group_id = gone.group_id",
        (UUIDs, BigInts),
        gone,
    )
    changed = [
        (stream, group_id, row.name, row.place, row.conversation_count, row.updated_at)
        for stream, one in lists.items()
        for group_id in one.changes.groups_changed - one.changes.groups_made
        for row in (one.groups[group_id],)
    ]
    for_each(
        c,
        "UPDATE group_lists_groups AS g SET name = now.name, place = now.place, "
        "conversation_count = now.conversation_count, updated_at = now.updated_at "
        "FROM unnest(%b, %b, %b, %b, %b, %b) AS now (stream, group_id, name, place, conversation_count, updated_at) "
        "WHERE g.stream = now.stream AND g.group_id = now.group_id",
        (UUIDs, BigInts, Texts, BigInts, Integers, Times),
        changed,
    )
    made = [
        (stream, group_id, *one.groups[group_id])
        for stream, one in lists.items()
        for group_id in one.changes.groups_made
    ]
    columns = (UUIDs, BigInts, Texts, BigInts, Integers, Times, Times)
    for_each(c, "INSERT INTO group_lists_groups SELECT * FROM unnest(%b, %b, %b, %b, %b, %b, %b)", columns, made)


def _write_memberships(c: Cursor, lists: dict[UUID, UserGroupLists]) -> None:
    gone = [(stream, *key) for stream, one in lists.items() for key in one.changes.left]
    for_each(
        c,
        "DELETE FROM group_lists_memberships AS m "
        "USING unnest(%b, %b, %b) AS gone (stream, group_id, conversation_id) WHERE "
        "m.stream = gone.stream AND m.group_id = gone.group_id AND m.conversation_id = gone.conversation_id",
        (UUIDs, BigInts, Texts),
        gone,
    )
    joined = [
        (stream, *key, membership.added_at, membership.revision, membership.place)
        for stream, one in lists.items()
        for key, membership in one.memberships.items()
    ]
    columns = (UUIDs, BigInts, Texts, Times, BigInts, Integers)
    for_each(c, "INSERT INTO group_lists_memberships SELECT * FROM unnest(%b, %b, %b, %b, %b, %b)", columns, joined)
