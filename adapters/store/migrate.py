"""Bring a database up to date: each step once, in order, all or nothing."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

LOCK = 7_016_511_408_512_483_956
"""The advisory lock of whoever brings a database of PostgreSQL up to date."""


PATIENCE = 10
"""Seconds to wait for PostgreSQL to take a connection, where its URL says nothing else with `connect_timeout`."""


class NotMigrated(Exception):  # noqa: N818 - a state of the database
    """The database is not there, or not up to date."""


def migrate_sqlite(database: Path) -> list[str]:
    """Apply the steps that are missing and name them. The caller is the sole writer of `database`."""
    engine = _engine("sqlite", lambda: _written_ahead(sqlite3.connect(database, isolation_level=None)))

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # The driver would otherwise commit each CREATE TABLE by itself.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return _migrate(engine, "sqlite")


def migrate_postgres(url: str) -> list[str]:
    """Apply the steps that are missing and name them; of many processes one does it, and the others wait for it."""
    engine = _engine("postgresql+psycopg", lambda: _connect(url))

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")

    return _migrate(engine, "postgres")


def check_there(database: Path) -> None:
    """Refuse a file that is not there; raises `NotMigrated`."""
    if not database.exists():
        raise NotMigrated(
            f"There is no database {database.absolute()}. Go to the service's folder, or set CONVGROUPS_DATABASE_URL; "
            "to make one, start `convgroups serve`, or run `convgroups migrate`."
        )


def check_sqlite(database: Path) -> None:
    """Refuse to go on with a database that is not up to date; changes nothing; raises `NotMigrated`."""
    check_there(database)
    engine = _engine("sqlite", lambda: sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True))
    _check(engine, "sqlite", str(database))


def check_postgres(url: str) -> None:
    """Refuse to go on with a database that is not up to date; changes nothing; raises `NotMigrated`."""
    _check(_engine("postgresql+psycopg", lambda: _connect(url)), "postgres", "The database")


def _migrate(engine: Engine, dialect: str) -> list[str]:
    with engine.begin() as connection, _steps(dialect) as config:
        missing = _missing(connection, config)
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")
        return missing


def _check(engine: Engine, dialect: str, name: str) -> None:
    with engine.connect() as connection, _steps(dialect) as config:
        missing = _missing(connection, config)
    if missing:
        raise NotMigrated(f"{name} lacks the steps {', '.join(missing)}. Run `convgroups migrate`.")


def _engine(dialect: str, connect: Callable[[], Any]) -> Engine:
    return create_engine(f"{dialect}://", creator=connect, poolclass=NullPool)


def _written_ahead(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Let the file have its write-ahead log from now on: of two connections that set it at once one is refused."""
    connection.execute("PRAGMA journal_mode=WAL")
    return connection


def _connect(url: str) -> psycopg.Connection[Any]:
    patient = "connect_timeout" in conninfo_to_dict(url)
    return psycopg.connect(url if patient else make_conninfo(url, connect_timeout=PATIENCE))


@contextmanager
def _steps(dialect: str) -> Iterator[Config]:
    with as_file(files("adapters.store") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.set_main_option("version_locations", str(folder / dialect))
        config.set_main_option("path_separator", "newline")
        yield config


def _missing(connection: Connection, config: Config) -> list[str]:
    current = MigrationContext.configure(connection).get_current_revision()
    steps = ScriptDirectory.from_config(config).iterate_revisions("heads", current)
    return [step.revision for step in steps][::-1]
