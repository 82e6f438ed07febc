"""Bare `eventsourcing` on PostgreSQL, one pooled connection per calling thread."""

import os

from benchmarks.peers.eventsourcing_app import Driver, Service


def open_app(callers: int) -> Service:
    """Open the application with a connection for each caller."""
    return Service(
        {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_HOST": os.environ["PGHOST"],
            "POSTGRES_PORT": os.environ["PGPORT"],
            "POSTGRES_USER": os.environ["PGUSER"],
            "POSTGRES_PASSWORD": "unused",
            "POSTGRES_DBNAME": os.environ["PGDATABASE"],
            "POSTGRES_POOL_SIZE": str(callers),
            "POSTGRES_MAX_OVERFLOW": "0",
        }
    )


if __name__ == "__main__":
    Driver(open_app).answer()
