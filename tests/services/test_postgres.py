"""The servers that the tests are given, and the one that `make postgres` starts."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from select import select

import psycopg
import pytest

from infra.postgres.postgres import LocalPostgres, UnavailableError, free_port, programs
from tests.e2e.service import PATIENCE, eventually
from tests.services.postgres import ADDRESS, new_database
from tests.services.provision import missing

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "infra" / "postgres" / "postgres.py"
OWN_DATABASE = "tests/services/test_postgres.py::test_a_database_is_empty_and_takes_every_character"


def tables(connection: psycopg.Connection) -> list[str]:
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return [name for (name,) in found]


def test_a_database_is_empty_and_takes_every_character(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert tables(connection) == []
        assert connection.execute("SELECT '产品体验 🙂'").fetchone() == ("产品体验 🙂",)


def test_databases_are_apart(postgres: str, postgres_url: str) -> None:
    with new_database(postgres) as other_url, psycopg.connect(postgres_url) as one, psycopg.connect(other_url) as other:
        one.execute("CREATE TABLE notes ()")
        one.commit()
        assert (tables(one), tables(other)) == (["notes"], [])


def test_a_database_is_gone_afterwards_whoever_uses_it(postgres: str) -> None:
    with new_database(postgres) as url:
        left_open = psycopg.connect(url)
    with closing(left_open), pytest.raises(psycopg.OperationalError, match="terminat"):
        left_open.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_a_killed_server_has_what_was_committed_when_it_is_started_again(own_postgres: LocalPostgres) -> None:
    with closing(psycopg.connect(own_postgres.url)) as before:
        before.execute("CREATE TABLE notes (note text)")
        before.execute("INSERT INTO notes VALUES ('committed')")
        before.commit()
        before.execute("INSERT INTO notes VALUES ('open')")
        own_postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            before.commit()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(own_postgres.url)
    own_postgres.start()
    assert "not properly shut down" in own_postgres.log.read_text()
    with psycopg.connect(own_postgres.url) as after:
        assert after.execute("SELECT note FROM notes").fetchall() == [("committed",)]
        assert after.execute("SELECT current_setting('fsync'), current_setting('synchronous_commit')").fetchall() == [
            ("on", "on")
        ]


def test_a_kill_leaves_no_process_behind(own_postgres: LocalPostgres) -> None:
    with ExitStack() as opened:
        connection = opened.enter_context(closing(psycopg.connect(own_postgres.url)))
        processes = []
        for (process,) in connection.execute("SELECT pid FROM pg_stat_activity"):
            processes.append(os.pidfd_open(process))
            opened.callback(os.close, processes[-1])
        assert len(processes) > 1
        own_postgres.kill()
        ended, _, _ = select(processes, [], [], 0)
        assert ended == processes


def test_a_server_stops_in_good_order_though_clients_stay(own_postgres: LocalPostgres) -> None:
    with closing(psycopg.connect(own_postgres.url)):
        own_postgres.stop()
    assert own_postgres.log_tail().endswith("database system is shut down")
    own_postgres.start()
    assert "not properly shut down" not in own_postgres.log.read_text()


@contextmanager
def program() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run PostgreSQL as `make postgres` does without Docker; give the program, and the URL that it prints."""
    try:
        programs()
    except UnavailableError as error:
        missing("PostgreSQL", str(error))
    command = [sys.executable, str(PROGRAM), "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield running, running.stdout.readline().strip()
        finally:
            running.kill()


def test_the_program_stops_at_once_when_it_is_told_to() -> None:
    with program() as (running, url), closing(psycopg.connect(url)) as client:
        [(folder,)] = client.execute("SHOW data_directory").fetchall()
        client.commit()
        running.terminate()
        assert running.communicate(timeout=PATIENCE)[0] == ""
        assert running.returncode == 0
        assert not Path(folder).parent.exists()


def test_the_server_ends_when_the_program_is_killed() -> None:
    with program() as (running, url), closing(psycopg.connect(url)) as client:
        [(folder,)] = client.execute("SHOW data_directory").fetchall()
        running.kill()
        eventually(lambda: not answers(url), "the server has ended")
        eventually(lambda: not Path(folder, "postmaster.pid").exists(), "the server has cleaned up")
    shutil.rmtree(Path(folder).parent)


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_server_that_is_named_and_does_not_answer_fails_the_test_and_says_so() -> None:
    environment = os.environ | {ADDRESS: f"postgresql://somebody:secret@127.0.0.1:{free_port()}/nothing"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", OWN_DATABASE]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    assert f"no connection to the PostgreSQL of {ADDRESS}" in done.stdout
    assert "secret" not in done.stdout
