"""Migrations: each step once, in order, all or nothing."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from adapters.store.migrate import NotMigrated, check_sqlite, migrate_sqlite

ROOT = Path(__file__).parents[2]
KILLED_AT = """
import os, signal, sys
from pathlib import Path
from alembic import op
from adapters.store.migrate import migrate_sqlite

execute, left = op.execute, int(sys.argv[2])

def execute_or_die(statement):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    execute(statement)

op.execute = execute_or_die
migrate_sqlite(Path(sys.argv[1]))
"""


def made(database: Path) -> list[tuple[str, str]]:
    """List everything that is in a database, with how it was made."""
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def log_id(database: Path) -> UUID:
    with closing(sqlite3.connect(database)) as connection:
        return UUID(connection.execute("SELECT id FROM log").fetchone()[0])


def test_a_new_database_gets_every_step_and_the_second_time_none(tmp_path: Path) -> None:
    database = tmp_path / "log.db"
    assert migrate_sqlite(database) == ["0001", "0002"]
    before, first = made(database), log_id(database)
    assert migrate_sqlite(database) == []
    assert (made(database), log_id(database)) == (before, first)
    assert {"stored_events", "kept_outcomes", "tracking", "history", "log"} <= {name for name, _ in before}


def test_the_first_connections_find_the_write_ahead_log_and_need_not_set_it_against_each_other(tmp_path: Path) -> None:
    database = tmp_path / "log.db"
    migrate_sqlite(database)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_each_new_log_has_an_id_of_its_own(tmp_path: Path) -> None:
    ids = set()
    for number in range(20):
        migrate_sqlite(tmp_path / f"{number}.db")
        ids.add(log_id(tmp_path / f"{number}.db"))
    assert len(ids) == 20
    assert {one.version for one in ids} == {4}


@pytest.mark.parametrize("statements", [0, 1, 5, 11])
def test_killed_halfway_it_leaves_nothing_and_is_done_by_the_next_one(tmp_path: Path, statements: int) -> None:
    database = tmp_path / "log.db"
    command = [sys.executable, "-c", KILLED_AT, str(database), str(statements)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert made(database) == []
    assert migrate_sqlite(database) == ["0001", "0002"]
    check_sqlite(database)


def test_a_step_that_fails_leaves_nothing_of_itself(tmp_path: Path) -> None:
    database = tmp_path / "log.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE history (mine TEXT)")
    before = made(database)
    with pytest.raises(OperationalError, match="table history already exists"):
        migrate_sqlite(database)
    assert made(database) == before


def test_a_database_that_is_not_there_is_not_up_to_date_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotMigrated, match=r"no database .*log\.db.*convgroups migrate"):
        check_sqlite(tmp_path / "log.db")
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_the_steps_names_them_and_stays_as_it_is(tmp_path: Path) -> None:
    database = tmp_path / "log.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE mine (x TEXT)")
    before = database.read_bytes()
    with pytest.raises(NotMigrated, match="lacks the steps 0001, 0002"):
        check_sqlite(database)
    assert database.read_bytes() == before


def test_a_database_that_is_up_to_date_passes(tmp_path: Path) -> None:
    migrate_sqlite(tmp_path / "log.db")
    check_sqlite(tmp_path / "log.db")
