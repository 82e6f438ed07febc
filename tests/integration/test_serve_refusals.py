"""`convgroups serve` starts with settings that it can keep, or says why not."""

import socket
from pathlib import Path

import pytest

from adapters.serve import refuse_strangers
from adapters.settings import SettingRefused
from tests.integration.command_line import Run
from tests.integration.process import convgroups
from tests.integration.service import settings_for

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture
def nothing_left(database: Path) -> object:
    """Hold the test to it that what refuses to start leaves nothing behind."""
    yield
    assert list(database.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("DATABASE_URL", "postgresql:localhost", "postgresql://USER:PASSWORD@HOST/NAME"),
        ("DATABASE_URL", "mysql://localhost/x", "use sqlite:///FILE"),
        ("DATABASE_URL", "log.db", "use sqlite:///FILE"),
        ("DATABASE_URL", "sqlite:///", "use sqlite:///FILE"),
        ("DATABASE_URL", "sqlite:///:memory:", "use sqlite:///FILE"),
        ("APPS_FILE", "missing.toml", "cannot be read: No such file"),
        ("APPS_FILE", "/", "cannot be read: Is a directory"),
        ("AUTH", "usersig", "name the file with the apps and their keys in CONVGROUPS_APPS_FILE"),
        ("AUTH", "", "'off' or 'usersig'"),
        ("CORS_ORIGINS", "", "use origins as"),
        ("CORS_ORIGINS", "app.example.com", "use origins as"),
        ("CORS_ORIGINS", "https://app.example.com/", "without a path"),
        ("CORS_ORIGINS", "https://a.example.com,,*", "use origins as"),
        ("FEED_DEPTH", "0", "greater than or equal to 1"),
        ("IDEMPOTENCY_DAYS", "0", "greater than or equal to 1"),
        ("IDEMPOTENCY_DAYS", "week", "valid integer"),
        ("KAFKA_BOOTSTRAP_SERVERS", "", "host:port,host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka", "host:port,host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka://kafka:9092", "host:port,host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka-1:9092,", "host:port,host:port"),
        ("KAFKA_PARTITIONS", "0", "greater than or equal to 1"),
        ("KAFKA_PARTITIONS", "1e3", "valid integer"),
        ("KAFKA_REPLICATION_FACTOR", "none", "valid integer"),
        ("KAFKA_TOPIC_PREFIX", "a b", "pattern"),
        ("LOG_FORMAT", "xml", "'console' or 'json'"),
    ],
)
def test_a_value_that_cannot_be_kept_names_its_variable(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(f"CONVGROUPS_{name}", value)
    run("serve").fails(2, f"CONVGROUPS_{name}={value}", reason)


def test_a_relay_without_a_kafka_is_not_begun(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVGROUPS_DATABASE_URL", "postgresql://service@127.0.0.1/groups")
    run("serve", "--only", "relay").fails(2, "set CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS")


def test_all_wrong_values_are_named_at_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVGROUPS_IDEMPOTENCY_DAYS", "0")
    monkeypatch.setenv("CONVGROUPS_LOG_FORMAT", "xml")
    run("serve").fails(2, "CONVGROUPS_IDEMPOTENCY_DAYS", "CONVGROUPS_LOG_FORMAT")


def test_a_host_that_others_reach_is_refused_while_callers_are_trusted(database: Path) -> None:
    convgroups("serve", "--host", "0.0.0.0", database=database).fails(2, "CONVGROUPS_AUTH=off", "--host 0.0.0.0")
    for host in ("::", "192.0.2.1", "example.com", "", "127.0.0.1.example.com", "localhost.example.com"):
        with pytest.raises(SettingRefused, match="CONVGROUPS_AUTH=off"):
            refuse_strangers(settings_for(database), host)
    for host in ("127.0.0.1", "::1", "localhost", "127.0.0.9"):
        refuse_strangers(settings_for(database), host)


@pytest.mark.parametrize("option", [("--workers", "2"), ("--only", "api"), ("--only", "views,relay")])
def test_what_needs_postgresql_is_refused_on_a_file(run: Run, option: tuple[str, str]) -> None:
    run("serve", *option).fails(2, option[0], "PostgreSQL", "CONVGROUPS_DATABASE_URL")


@pytest.mark.parametrize("option", [("--workers", "0"), ("--only", "apis"), ("--only", ""), ("--only", "api,,relay")])
def test_parts_that_are_none_are_wrong_usage(run: Run, option: tuple[str, str]) -> None:
    run("serve", *option).fails(2, option[0])


def test_a_port_in_use_is_named(database: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        convgroups("serve", "--port", str(port), database=database).fails(3, f"127.0.0.1:{port}", "in use", "--port")


def test_a_port_that_is_none_is_wrong_usage(run: Run) -> None:
    run("serve", "--port", "65536").fails(2, "--port", "65535")
