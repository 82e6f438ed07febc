"""Each user's groups as of some revision, so that a long history need not be read whole."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.execute(
        """
        CREATE TABLE snapshots (
            stream TEXT PRIMARY KEY,
            revision INTEGER NOT NULL,
            version INTEGER NOT NULL,
            state BLOB NOT NULL
        ) WITHOUT ROWID
        """
    )
