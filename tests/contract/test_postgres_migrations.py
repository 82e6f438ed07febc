"""Migrations of PostgreSQL: all or nothing, by one of many, and nobody goes on with less."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import psycopg
import pytest
from sqlalchemy.exc import ProgrammingError

from adapters.store.migrate import NotMigrated, check_postgres, migrate_postgres

ROOT = Path(__file__).parents[2]
KILLED_AT = """
import os, signal, sys
from alembic import op
from adapters.store.migrate import migrate_postgres

execute, left = op.execute, int(sys.argv[2])

def execute_or_die(statement):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    execute(statement)

op.execute = execute_or_die
migrate_postgres(sys.argv[1])
"""
MIGRATE = "import sys; from adapters.store.migrate import migrate_postgres; print(migrate_postgres(sys.argv[1]))"


def steps() -> list[str]:
    """Name the steps there are, by the files that hold them."""
    files = sorted((ROOT / "adapters" / "store" / "migrations" / "postgres").glob("v*.py"))
    return [file.name[1:5] for file in files]


def made(url: str) -> list[str]:
    """List all that is in a database, beside what every database has."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
            "UNION ALL SELECT tgname FROM pg_trigger UNION ALL SELECT 'log ' || id FROM log ORDER BY 1"
            if connection.execute("SELECT to_regclass('log')").fetchone() != (None,)
            else "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        )
        return [name for (name,) in found]


def test_a_new_database_gets_every_step_and_the_second_time_none(postgres_url: str) -> None:
    assert migrate_postgres(postgres_url) == steps()
    before = made(postgres_url)
    assert migrate_postgres(postgres_url) == []
    assert made(postgres_url) == before
    assert {"stored_events", "kept_outcomes", "followers", "history", "log", "record"} <= set(before)
    check_postgres(postgres_url)


@pytest.mark.parametrize("statements", [0, 1, 5, 12])
def test_killed_halfway_it_leaves_nothing_and_is_done_by_the_next_one(postgres_url: str, statements: int) -> None:
    command = [sys.executable, "-c", KILLED_AT, postgres_url, str(statements)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert made(postgres_url) == []
    assert migrate_postgres(postgres_url) == steps()
    check_postgres(postgres_url)


def test_of_many_threads_one_does_it(postgres_url: str) -> None:
    start = Barrier(8)

    def migrate(_: int) -> list[str]:
        start.wait(10)
        return migrate_postgres(postgres_url)

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(migrate, range(8)))
    assert sorted(done) == [*7 * [[]], steps()]
    check_postgres(postgres_url)


def test_of_many_processes_one_does_it(postgres_url: str) -> None:
    command = [sys.executable, "-c", MIGRATE, postgres_url]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in running)
    assert said == sorted([*3 * ["[]"], str(steps())])


def test_a_step_that_fails_leaves_nothing_of_itself(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE history (mine text)")
    with pytest.raises(ProgrammingError, match='relation "history" already exists'):
        migrate_postgres(postgres_url)
    assert made(postgres_url) == ["history"]


def test_a_database_without_the_steps_is_refused_and_stays_as_it_is(postgres_url: str) -> None:
    with pytest.raises(NotMigrated, match=rf"lacks the steps {', '.join(steps())}\. Run `convgroups migrate`"):
        check_postgres(postgres_url)
    assert made(postgres_url) == []


def test_a_database_that_is_behind_is_refused(postgres_url: str) -> None:
    migrate_postgres(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("DELETE FROM alembic_version")
    with pytest.raises(NotMigrated, match="lacks the steps 0001"):
        check_postgres(postgres_url)


def test_each_new_log_has_an_id_of_its_own(postgres_url: str) -> None:
    ids = set()
    for number in range(3):
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA s{number}".encode())
            url = f"{postgres_url}?options=-csearch_path%3Ds{number}"
            migrate_postgres(url)
            ids.add(connection.execute(f"SELECT id FROM s{number}.log".encode()).fetchone())
    assert len(ids) == 3
