"""The log, the kept outcomes and the first views."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    # The log. `rowid` is declared, so that a position stays what it is for ever.
    """
    CREATE TABLE stored_events (
        rowid INTEGER PRIMARY KEY,
        originator_id TEXT NOT NULL,
        originator_version INTEGER NOT NULL,
        topic TEXT NOT NULL,
        state BLOB NOT NULL,
        UNIQUE (originator_id, originator_version)
    )
    """,
    """
    CREATE TRIGGER stored_events_without_gap BEFORE INSERT ON stored_events
    WHEN NEW.originator_version <> 1 + COALESCE(
        (SELECT MAX(originator_version) FROM stored_events WHERE originator_id = NEW.originator_id), 0)
    BEGIN SELECT RAISE(ABORT, 'a revision follows the one before it, without a gap'); END
    """,
    """
    CREATE TRIGGER stored_events_unchanged BEFORE UPDATE ON stored_events
    BEGIN SELECT RAISE(ABORT, 'what was recorded is never changed'); END
    """,
    """
    CREATE TRIGGER stored_events_kept BEFORE DELETE ON stored_events
    BEGIN SELECT RAISE(ABORT, 'what was recorded is never deleted'); END
    """,
    "CREATE TABLE log (id TEXT NOT NULL)",
    """
    INSERT INTO log SELECT lower(
        substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-4' || substr(h, 14, 3) || '-a' || substr(h, 18, 3)
        || '-' || substr(h, 21, 12)) FROM (SELECT hex(randomblob(16)) AS h)
    """,
    # The outcomes kept for idempotency keys.
    """
    CREATE TABLE kept_outcomes (
        sdk_app_id INTEGER NOT NULL,
        user_id TEXT NOT NULL,
        key TEXT NOT NULL,
        command_hash BLOB NOT NULL,
        outcome BLOB NOT NULL,
        kept_at TEXT NOT NULL,
        PRIMARY KEY (sdk_app_id, user_id, key)
    )
    """,
    "CREATE INDEX kept_outcomes_kept_at ON kept_outcomes (kept_at)",
    # How far each follower has come: the table of eventsourcing's tracking recorder.
    """
    CREATE TABLE tracking (
        application_name TEXT PRIMARY KEY,
        notification_id INTEGER
    ) WITHOUT ROWID
    """,
    "INSERT INTO tracking VALUES ('__migration__', 1)",
    # The view `group-lists`.
    """
    CREATE TABLE group_lists_users (
        stream TEXT PRIMARY KEY,
        sdk_app_id INTEGER NOT NULL,
        user_id TEXT NOT NULL,
        revision INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE group_lists_groups (
        stream TEXT NOT NULL,
        group_id INTEGER NOT NULL,
        name TEXT NOT NULL,
        place INTEGER NOT NULL,
        conversation_count INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        PRIMARY KEY (stream, group_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE group_lists_memberships (
        stream TEXT NOT NULL,
        group_id INTEGER NOT NULL,
        conversation_id TEXT NOT NULL,
        added_at TEXT NOT NULL,
        revision INTEGER NOT NULL,
        place INTEGER NOT NULL,
        PRIMARY KEY (stream, group_id, conversation_id)
    ) WITHOUT ROWID
    """,
    # The view `history`.
    """
    CREATE TABLE history (
        stream TEXT NOT NULL,
        revision INTEGER NOT NULL,
        position INTEGER NOT NULL,
        type TEXT NOT NULL,
        recorded_at TEXT NOT NULL,
        actor TEXT NOT NULL,
        device TEXT,
        event BLOB NOT NULL,
        PRIMARY KEY (stream, revision)
    ) WITHOUT ROWID
    """,
)


def upgrade() -> None:
    """Make everything."""
    for statement in STATEMENTS:
        op.execute(statement)
