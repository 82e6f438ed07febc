"""What the proxy before PostgreSQL does to a client, and what the server has done by then."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from time import monotonic

import psycopg
import pytest

from tests.e2e.service import eventually
from tests.services.postgres_proxy import PATIENCE, PostgresProxy


@pytest.fixture
def direct(postgres_url: str) -> Iterator[psycopg.Connection]:
    """Give a connection past the proxy, to a database with an empty table."""
    with closing(psycopg.connect(postgres_url, autocommit=True)) as connection:
        connection.execute("CREATE TABLE notes (note text)")
        yield connection


@pytest.fixture
def proxied(
    postgres_proxy: PostgresProxy, postgres_url: str, direct: psycopg.Connection
) -> Iterator[psycopg.Connection]:
    """Give a connection to the same database through the proxy."""
    with closing(psycopg.connect(postgres_proxy.url_for(postgres_url), connect_timeout=5)) as connection:
        yield connection


def notes(connection: psycopg.Connection) -> list[str]:
    return [note for (note,) in connection.execute("SELECT note FROM notes ORDER BY note")]


def test_what_passes_is_unchanged(proxied: psycopg.Connection, direct: psycopg.Connection) -> None:
    many = [f"{number:06} 产品体验" for number in range(20_000)]
    with proxied.cursor() as cursor, cursor.copy("COPY notes FROM STDIN") as copy:
        for note in many:
            copy.write_row([note])
    proxied.commit()
    assert notes(proxied) == notes(direct) == many
    with pytest.raises(psycopg.errors.UndefinedTable):
        proxied.execute("SELECT FROM nothing")


def test_a_commit_whose_answer_is_lost_was_done(
    postgres_proxy: PostgresProxy, proxied: psycopg.Connection, direct: psycopg.Connection
) -> None:
    postgres_proxy.cut_before_answer_of(b"COMMIT")
    proxied.execute("INSERT INTO notes VALUES ('kept')")
    assert (notes(direct), postgres_proxy.swallowed) == ([], 0)
    with pytest.raises(psycopg.OperationalError):
        proxied.commit()
    assert proxied.broken
    assert (notes(direct), postgres_proxy.swallowed) == (["kept"], 1)


def test_only_the_next_answer_is_lost(
    postgres_proxy: PostgresProxy, proxied: psycopg.Connection, postgres_url: str, direct: psycopg.Connection
) -> None:
    postgres_proxy.cut_before_answer_of(b"INSERT")
    with pytest.raises(psycopg.OperationalError):
        proxied.execute("INSERT INTO notes VALUES ('rolled back')")
    with psycopg.connect(postgres_proxy.url_for(postgres_url)) as again:
        again.execute("INSERT INTO notes VALUES ('kept')")
    assert notes(direct) == ["kept"]


def test_a_cut_loses_what_was_not_committed(
    postgres_proxy: PostgresProxy, proxied: psycopg.Connection, postgres_url: str, direct: psycopg.Connection
) -> None:
    proxied.execute("INSERT INTO notes VALUES ('lost')")
    postgres_proxy.cut()
    with pytest.raises(psycopg.OperationalError):
        proxied.commit()
    with psycopg.connect(postgres_proxy.url_for(postgres_url)) as again:
        again.execute("INSERT INTO notes VALUES ('kept')")
    assert notes(direct) == ["kept"]


def test_what_is_held_reaches_the_server_when_it_is_released(
    postgres_proxy: PostgresProxy, proxied: psycopg.Connection, direct: psycopg.Connection
) -> None:
    proxied.execute("INSERT INTO notes VALUES ('late')")
    postgres_proxy.hold()
    with ThreadPoolExecutor() as threads:
        committed = threads.submit(proxied.commit)
        eventually(lambda: postgres_proxy.held == 1, "the COMMIT is held")
        assert notes(direct) == []
        postgres_proxy.release()
        committed.result(PATIENCE)
    assert notes(direct) == ["late"]


def test_nobody_gets_in_while_it_holds(postgres_proxy: PostgresProxy, postgres_url: str) -> None:
    postgres_proxy.hold()
    with pytest.raises(psycopg.OperationalError, match="timeout"):
        psycopg.connect(postgres_proxy.url_for(postgres_url), connect_timeout=2)


def test_connections_that_are_held_can_be_cut(
    postgres_proxy: PostgresProxy, proxied: psycopg.Connection, direct: psycopg.Connection
) -> None:
    proxied.execute("INSERT INTO notes VALUES ('never')")
    postgres_proxy.hold()
    with ThreadPoolExecutor() as threads:
        committed = threads.submit(proxied.commit)
        eventually(lambda: postgres_proxy.held == 1, "the COMMIT is held")
        postgres_proxy.cut()
        with pytest.raises(psycopg.OperationalError):
            committed.result(PATIENCE)
    postgres_proxy.release()
    assert notes(direct) == []


def test_commits_are_answered_late_when_they_are_to_be(
    postgres_proxy: PostgresProxy, proxied: psycopg.Connection
) -> None:
    postgres_proxy.delay_commits(0.3)
    proxied.execute("INSERT INTO notes VALUES ('slow')")
    begin = monotonic()
    proxied.commit()
    assert monotonic() - begin >= 0.3


def test_a_server_that_is_away_resets_its_clients() -> None:
    with (
        PostgresProxy("postgresql://nobody@127.0.0.1:1/nothing") as proxy,
        pytest.raises(psycopg.OperationalError, match=r"closed|reset"),
    ):
        psycopg.connect(proxy.url_for("postgresql://nobody@elsewhere:1/nothing"), connect_timeout=5)


@pytest.mark.parametrize(
    ("database", "through"),
    [
        ("postgresql://a:b%40c@elsewhere:1/d?sslmode=prefer", "postgresql://a:b%40c@127.0.0.1:{}/d?sslmode=prefer"),
        ("postgresql+psycopg://elsewhere/d", "postgresql+psycopg://127.0.0.1:{}/d"),
    ],
)
def test_a_url_leads_through_the_proxy_and_is_the_same_otherwise(database: str, through: str) -> None:
    with PostgresProxy("postgresql://elsewhere:1/d") as proxy:
        assert proxy.url_for(database) == through.format(proxy.port)
