"""The log, the kept outcomes, the views, and how far each follower has come."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    # The log, in the table of `eventsourcing`, but that a position comes from no sequence: those leave gaps.
    """
    CREATE TABLE stored_events (
        originator_id uuid NOT NULL,
        originator_version bigint NOT NULL CONSTRAINT stored_events_first_revision CHECK (originator_version > 0),
        topic text NOT NULL,
        state bytea NOT NULL,
        notification_id bigint NOT NULL,
        CONSTRAINT stored_events_one_per_revision PRIMARY KEY (originator_id, originator_version),
        CONSTRAINT stored_events_one_per_position UNIQUE (notification_id)
    )
    """,
    # The log guards itself, also against a person with a shell.
    """
    CREATE FUNCTION stored_events_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM FROM fresh WHERE originator_version > 1 AND NOT EXISTS (
            SELECT FROM stored_events AS before
            WHERE before.originator_id = fresh.originator_id
            AND before.originator_version = fresh.originator_version - 1) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'a revision follows the one before it, without a gap'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'stored_events_without_gap';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER stored_events_without_gap AFTER INSERT ON stored_events
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION stored_events_follow()
    """,
    """
    CREATE FUNCTION stored_events_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'what was recorded is never changed and never deleted'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'stored_events_unchanged';
    END $$
    """,
    """
    CREATE TRIGGER stored_events_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION stored_events_stay()
    """,
    "CREATE TABLE log (id uuid NOT NULL)",
    "INSERT INTO log VALUES (gen_random_uuid())",
    # The outcomes kept for idempotency keys.
    """
    CREATE TABLE kept_outcomes (
        stream uuid NOT NULL,
        key text COLLATE "C" NOT NULL,
        command_hash bytea NOT NULL,
        outcome bytea NOT NULL,
        kept_at timestamptz NOT NULL,
        CONSTRAINT kept_outcomes_one_per_key PRIMARY KEY (stream, key)
    ) WITH (autovacuum_vacuum_scale_factor = 0.02)
    """,
    "CREATE INDEX kept_outcomes_kept_at ON kept_outcomes (kept_at)",
    # How far each follower has come, and which process runs it: whoever takes it over raises the epoch.
    """
    CREATE TABLE followers (
        name text PRIMARY KEY,
        position bigint NOT NULL DEFAULT 0,
        epoch bigint NOT NULL DEFAULT 0,
        owner text,
        expires_at timestamptz
    ) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000)
    """,
    "INSERT INTO followers (name) VALUES ('group-lists'), ('history'), ('snapshots'), ('relay')",
    # Each user's groups as of some revision, so that a long history need not be read whole.
    """
    CREATE TABLE snapshots (
        stream uuid PRIMARY KEY,
        revision bigint NOT NULL,
        version integer NOT NULL,
        state bytea NOT NULL
    ) WITH (fillfactor = 70)
    """,
    # The view `group-lists`.
    """
    CREATE TABLE group_lists_users (
        stream uuid PRIMARY KEY,
        sdk_app_id bigint NOT NULL,
        user_id text NOT NULL,
        revision bigint NOT NULL
    ) WITH (fillfactor = 70)
    """,
    """
    CREATE TABLE group_lists_groups (
        stream uuid NOT NULL,
        group_id bigint NOT NULL,
        name text NOT NULL,
        place bigint NOT NULL,
        conversation_count integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        PRIMARY KEY (stream, group_id)
    ) WITH (fillfactor = 70)
    """,
    """
    CREATE TABLE group_lists_memberships (
        stream uuid NOT NULL,
        group_id bigint NOT NULL,
        conversation_id text COLLATE "C" NOT NULL,
        added_at timestamptz NOT NULL,
        revision bigint NOT NULL,
        place integer NOT NULL,
        PRIMARY KEY (stream, group_id, conversation_id)
    )
    """,
    # The view `history`.
    """
    CREATE TABLE history (
        stream uuid NOT NULL,
        revision bigint NOT NULL,
        position bigint NOT NULL,
        type text NOT NULL,
        recorded_at timestamptz NOT NULL,
        actor text NOT NULL,
        device text,
        event bytea NOT NULL,
        PRIMARY KEY (stream, revision)
    )
    """,
    # One commit, in one round trip. Whoever has the lock is the only one that writes: what is seen under it holds.
    """
    CREATE FUNCTION record(
        known_streams uuid[], known_revisions bigint[],
        key_streams uuid[], keys text[],
        kept_streams uuid[], kept_keys text[], kept_hashes bytea[], kept_outcomes_ bytea[], kept_at_ timestamptz,
        expired timestamptz,
        streams uuid[], revisions bigint[], topics text[], states bytea[])
    RETURNS TABLE (stream uuid, head bigint, key text, command_hash bytea, outcome bytea, kept_at timestamptz)
    LANGUAGE plpgsql AS $$
    #variable_conflict use_column
    DECLARE
        last bigint;
    BEGIN
        PERFORM pg_advisory_xact_lock(7016511408512483955);
        RETURN QUERY
            SELECT known.stream, now.head, NULL, NULL::bytea, NULL::bytea, NULL::timestamptz
            FROM unnest(known_streams, known_revisions) AS known (stream, revision)
            CROSS JOIN LATERAL (SELECT coalesce((
                SELECT originator_version FROM stored_events WHERE originator_id = known.stream
                ORDER BY originator_version DESC LIMIT 1), 0) AS head) AS now
            WHERE now.head <> known.revision
            UNION ALL
            SELECT kept.stream, NULL, kept.key, kept.command_hash, kept.outcome, kept.kept_at
            FROM unnest(key_streams, keys) AS given (stream, key)
            CROSS JOIN LATERAL (SELECT * FROM kept_outcomes AS k
                WHERE k.stream = given.stream AND k.key = given.key OFFSET 0) AS kept
            WHERE kept.kept_at > expired;  -- out here: in there it would be looked for in the index of all moments
        IF FOUND THEN
            RETURN;
        END IF;
        SELECT coalesce(max(notification_id), 0) INTO last FROM stored_events;
        INSERT INTO stored_events (originator_id, originator_version, topic, state, notification_id)
            SELECT e.stream, e.revision, e.topic, e.state, last + e.place
            FROM unnest(streams, revisions, topics, states)
            WITH ORDINALITY AS e (stream, revision, topic, state, place);
        INSERT INTO kept_outcomes
            SELECT k.stream, k.key, k.command_hash, k.outcome, kept_at_
            FROM unnest(kept_streams, kept_keys, kept_hashes, kept_outcomes_) AS k (stream, key, command_hash, outcome)
            ON CONFLICT ON CONSTRAINT kept_outcomes_one_per_key DO UPDATE
            SET command_hash = excluded.command_hash, outcome = excluded.outcome, kept_at = excluded.kept_at;
    END $$
    """,
)


def upgrade() -> None:
    """Make everything."""
    for statement in STATEMENTS:
        op.execute(statement)
