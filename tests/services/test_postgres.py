"""The servers that the tests are given, and the one that `make postgres` starts."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from infra.postgres.postgres import UnavailableError, programs
from tests.e2e.service import PATIENCE, eventually
from tests.services.postgres import ADDRESS, local_server, new_database
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


def test_a_killed_server_has_what_was_committed_when_it_is_started_again() -> None:
    with local_server() as own_postgres, closing(psycopg.connect(own_postgres.url)) as before:
        before.execute("CREATE TABLE notes (note text)")
        before.execute("INSERT INTO notes VALUES ('committed')")
        before.commit()
        before.execute("INSERT INTO notes VALUES ('open')")
        backend = before.info.backend_pid
        own_postgres.kill()
        with pytest.raises(ProcessLookupError):
            os.kill(backend, 0)
        with pytest.raises(psycopg.OperationalError):
            before.commit()
        with pytest.raises(psycopg.OperationalError, match="refused"):
            psycopg.connect(own_postgres.url)
        own_postgres.start()
        with psycopg.connect(own_postgres.url) as after:
            assert after.execute("SELECT note FROM notes").fetchall() == [("committed",)]
