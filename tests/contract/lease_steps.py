"""What happens to leases in tests."""

import psycopg

from adapters.store.datastore import Datastore
from adapters.store.leases import Lease
from domain.ports import Entry

NAME = "history"


def expire(database: str, name: str = NAME) -> None:
    """Let the time of a lease be over: by the clock of the database, whatever that of the processes shows."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "UPDATE followers SET expires_at = clock_timestamp() - interval '1 s' WHERE name = %s", (name,)
        )


def seconds_left(database: str) -> float:
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 FROM followers WHERE name = %s", (NAME,)
        ).fetchone()
    assert row is not None
    return float(row[0])


def move(lease: Lease, datastore: Datastore, *positions: int) -> None:
    with datastore.writing() as c:
        lease.move(c, [Entry(position, None, b"") for position in positions])  # type: ignore[arg-type]
