"""The command line where PostgreSQL does not answer as it should: a sentence, an exit code, and never the password."""

from pathlib import Path

import psycopg
import pytest

from adapters.store.migrate import migrate_postgres
from infra.postgres.postgres import LocalPostgres, free_port
from tests.integration.command_line import Run
from tests.integration.process import Ended, convgroups
from tests.services.postgres_proxy import PostgresProxy

READS = [["groups", "alice"], ["history", "alice"], ["send", "alice", "create-group", "x", "--dry-run"]]
WRITES = [["send", "alice", "create-group", "x"], ["rebuild", "all"], ["migrate"], ["new-log-id"]]
SECRET = "hunter2"


@pytest.fixture
def on(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give a function that runs a command on the database of a URL."""

    def run_on(url: str, *arguments: str) -> Ended:
        monkeypatch.setenv("CONVGROUPS_DATABASE_URL", url)
        return run(*arguments)

    return run_on


def words_of(case: list[str]) -> str:
    return " ".join(case)


def changed(url: str, user: str | None = None, port: int | None = None, name: str | None = None) -> str:
    """Give a URL with another user, who has a password, another port or another database."""
    at = psycopg.conninfo.conninfo_to_dict(url)
    who = f"{user}:{SECRET}" if user else f"{at['user']}:{SECRET}"
    return f"postgresql://{who}@{at['host']}:{port or at['port']}/{name or at['dbname']}"


@pytest.mark.parametrize("words", READS + WRITES, ids=words_of)
def test_no_server(on: Run, words: list[str]) -> None:
    url = f"postgresql://service:{SECRET}@127.0.0.1:{free_port()}/groups"
    assert SECRET not in on(url, *words).fails(3, "The database cannot be used", "127.0.0.1", "refused")


def test_what_the_driver_says_in_several_lines_is_said_in_one(on: Run) -> None:
    ended = on(f"postgresql://service@127.0.0.1:{free_port()}/groups", "doctor", "--json")
    [bad] = [one for one in ended.json["findings"] if one["state"] == "bad"]
    assert bad["found"].endswith("Connection refused.")
    assert "\n" not in bad["found"]


def test_a_user_who_may_make_tables_but_not_read_those_of_another(on: Run, own_postgres: LocalPostgres) -> None:
    migrate_postgres(own_postgres.url)
    with psycopg.connect(own_postgres.url) as connection:
        connection.execute("CREATE ROLE another LOGIN")
        connection.execute("GRANT CREATE ON SCHEMA public TO another")
    for words in (READS[0], WRITES[0]):
        on(changed(own_postgres.url, user="another"), *words).fails(
            3, "permission denied for table", "Take the user who owns the tables"
        )


def test_a_user_who_may_not_make_tables(on: Run, own_postgres: LocalPostgres) -> None:
    with psycopg.connect(own_postgres.url) as connection:
        connection.execute("CREATE ROLE another LOGIN")
    ended = on(changed(own_postgres.url, user="another"), *WRITES[0])
    assert "LINE" not in ended.fails(3, "permission denied for schema public. ", "GRANT CREATE ON SCHEMA public")


@pytest.mark.parametrize("words", [READS[0], WRITES[0]], ids=words_of)
def test_no_such_database(on: Run, postgres_url: str, words: list[str]) -> None:
    ended = on(changed(postgres_url, name="nothing"), *words)
    assert SECRET not in ended.fails(3, "The database cannot be used", 'database "nothing" does not exist')


@pytest.mark.parametrize("words", [READS[0], WRITES[0]], ids=words_of)
def test_no_such_user_and_no_such_password(on: Run, postgres_url: str, words: list[str]) -> None:
    """A server that asks nobody for a password refuses whom it does not know."""
    ended = on(changed(postgres_url, user="nobody_of_that_name"), *words)
    assert SECRET not in ended.fails(3, "The database cannot be used", "nobody_of_that_name")


def test_a_wrong_password(on: Run, own_postgres: LocalPostgres) -> None:
    rules = own_postgres.data / "cluster" / "pg_hba.conf"
    rules.write_text(f"host all service 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
    with psycopg.connect(own_postgres.url) as connection:
        connection.execute("CREATE ROLE service LOGIN SUPERUSER PASSWORD 'correct horse'")
    own_postgres.stop()
    own_postgres.start()
    url = changed(own_postgres.url, user="service")
    for words in (READS[0], WRITES[0], ["serve", "--port", "0"]):
        assert SECRET not in on(url, *words).fails(3, "The database cannot be used", "password authentication failed")
    doctor = on(url, "doctor")
    assert (doctor.code, SECRET in doctor.out + doctor.err) == (3, False)
    assert "password authentication failed" in " ".join(doctor.out.split())
    assert on(url.replace(SECRET, "correct%20horse"), "send", "alice", "create-group", "x").code == 0


def test_a_server_that_takes_connections_and_says_nothing_is_not_waited_for_for_ever(
    on: Run, postgres_proxy: PostgresProxy, postgres_url: str
) -> None:
    migrate_postgres(postgres_url)
    postgres_proxy.hold()
    url = changed(postgres_proxy.url_for(postgres_url)) + "?connect_timeout=2"
    assert SECRET not in on(url, "groups", "alice").fails(3, "The database cannot be used", "timeout")


def test_how_long_a_connection_is_waited_for_has_a_default(
    on: Run, postgres_proxy: PostgresProxy, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.store.migrate.PATIENCE", 2)
    postgres_proxy.hold()
    on(postgres_proxy.url_for(postgres_url), "groups", "alice").fails(3, "timeout")


@pytest.mark.parametrize("words", READS, ids=words_of)
def test_an_empty_database_is_one_that_was_not_migrated(on: Run, postgres_url: str, words: list[str]) -> None:
    on(postgres_url, *words).fails(3, "lacks the steps 0001", "convgroups migrate")
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT FROM pg_tables WHERE schemaname = 'public'").rowcount == 0


@pytest.mark.parametrize("words", READS + WRITES, ids=words_of)
def test_a_database_of_a_later_version(on: Run, postgres_url: str, words: list[str]) -> None:
    migrate_postgres(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    on(postgres_url, *words).fails(3, "another version", "9999")


@pytest.mark.parametrize("words", [*READS, WRITES[0], ["rebuild", "all"]], ids=words_of)
def test_a_database_that_lost_a_table(on: Run, postgres_url: str, words: list[str]) -> None:
    migrate_postgres(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("DROP TABLE stored_events")
    on(postgres_url, *words).fails(3, "The database cannot be used", "stored_events")


def test_the_functions_of_the_library_are_refused(on: Run, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    on(postgres_url, "migrate")
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", "y")
    for words in (READS[0], WRITES[0], ["serve", "--port", "0"]):
        said = on(postgres_url, *words).fails(2, "POSTGRES_ENABLE_DB_FUNCTIONS", "unset it")
        assert "should not have happened" not in said
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", "n")
    assert on(postgres_url, "send", "alice", "create-group", "x").code == 0


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://service:a/{SECRET}@127.0.0.1:1/groups",
        f"postgresql://service:a@{SECRET}@127.0.0.1:1/groups",
        f"postgresql://service:a?{SECRET}@127.0.0.1:1/groups",
        f"postgresql://service:a%{SECRET}@127.0.0.1:1/groups",
        f"postgresql://service:a {SECRET}@127.0.0.1:1/groups",
        f"postgresql://service:{SECRET}",
    ],
)
def test_a_password_that_is_not_written_as_in_a_url_is_refused_and_not_shown(on: Run, url: str) -> None:
    for words in (["groups", "alice"], ["serve", "--port", "0"]):
        assert SECRET not in on(url, *words).fails(2, "CONVGROUPS_DATABASE_URL=postgresql://***", "%40 for @")
    doctor = on(url, "doctor")
    assert SECRET not in doctor.out + doctor.err


@pytest.mark.parametrize("query", [f"user=service&password={SECRET}", f"sslpassword={SECRET}&connect_timeout=3"])
def test_no_password_is_shown_wherever_it_is_written(on: Run, postgres_url: str, query: str) -> None:
    for url in (f"{changed(postgres_url, port=free_port())}?{query}", f"{changed(postgres_url)}?{query}"):
        for words in (["doctor"], ["doctor", "--json"], ["migrate"], ["groups", "alice"]):
            ended = on(url, *words)
            assert SECRET not in ended.out + ended.err
            assert "should not have happened" not in ended.err


def test_the_doctor_says_what_is_wrong_and_what_is_right(on: Run, postgres_url: str) -> None:
    away = on(changed(postgres_url, port=free_port()), "doctor", "--json")
    [bad] = [one for one in away.json["findings"] if one["state"] == "bad"]
    assert (away.code, bad["what"], "refused" in bad["found"]) == (3, "database", True)
    missing = on(postgres_url, "doctor", "--json")
    [bad] = [one for one in missing.json["findings"] if one["state"] == "bad"]
    assert "lacks the steps 0001" in bad["found"]
    on(postgres_url, "send", "alice", "create-group", "x")
    well = on(changed(postgres_url), "doctor", "--json")
    findings = {one["what"]: one["found"] for one in well.json["findings"]}
    assert (well.code, findings["follower history"], "1 events" in findings["database"]) == (0, "run by nobody", True)
    assert findings["CONVGROUPS_DATABASE_URL"].startswith("postgresql://***@")


def test_a_process_of_its_own_says_so_too(tmp_path: Path) -> None:
    url = f"postgresql://service:{SECRET}@127.0.0.1:{free_port()}/groups"
    ended = convgroups("groups", "alice", DATABASE_URL=url)
    assert SECRET not in ended.fails(3, "The database cannot be used")
