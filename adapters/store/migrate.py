"""Bring a database up to date: each step once, in order, all or nothing."""

import sqlite3
from importlib.resources import as_file, files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import NullPool


def migrate_sqlite(database: Path) -> list[str]:
    """Apply the steps that are missing and name them. The caller is the sole writer of `database`."""
    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(database, isolation_level=None), poolclass=NullPool
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # The driver would otherwise commit each CREATE TABLE by itself.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as connection:
        return _upgrade(connection, "sqlite")


def _upgrade(connection: Connection, dialect: str) -> list[str]:
    with as_file(files("adapters.store") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.set_main_option("version_locations", str(folder / dialect))
        config.set_main_option("path_separator", "newline")
        config.attributes["connection"] = connection
        scripts = ScriptDirectory.from_config(config)
        current = MigrationContext.configure(connection).get_current_revision()
        missing = [step.revision for step in scripts.iterate_revisions("heads", current)]
        command.upgrade(config, "heads")
        return missing[::-1]
