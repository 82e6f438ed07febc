"""`convgroups serve` as a process."""

import json
import signal
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from adapters.store.migrate import migrate_sqlite
from tests.contract.test_write_ahead import events_in_the_file_alone
from tests.integration.process import PROGRAM, convgroups, environment, serving
from tests.integration.service import wait_until
from tests.integration.test_poison import append_unknown

CREATE = {"command": "CreateGroup", "groupName": "Suppliers"}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_asked_to_end(database: Path, how: signal.Signals) -> None:
    with serving(database) as (url, process):
        assert httpx.post(f"{url}/v1/users/alice/commands", json=CREATE, timeout=30).status_code == 200
        process.send_signal(how)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 0
        assert "Traceback" not in err
        assert json.loads(err.splitlines()[-1])["event"] == "stopped"
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM stored_events").fetchone() == (1,)


def test_what_was_committed_moves_into_the_file_while_it_serves(database: Path) -> None:
    with serving(database) as (url, _):
        assert httpx.post(f"{url}/v1/users/alice/commands", json=CREATE, timeout=30).status_code == 200
        wait_until(lambda: events_in_the_file_alone(database), "the event to be in the file")


def test_it_says_what_to_try_and_warns_of_slips_of_the_pen(database: Path) -> None:
    command = [*PROGRAM, "serve", "--port", "0"]
    env = environment(database, DATABASE_ULR="sqlite:///x.db", REQUIRE_SERVICES="1")
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=env, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        told = "".join(process.stdout.readline() for _ in range(6))
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert "/v1/users/alice/commands" in told
    assert "/docs" in told
    warning, log = err.split("\n", 1)
    assert "warning" in warning
    assert "CONVGROUPS_DATABASE_ULR is no setting" in warning
    assert "did you mean CONVGROUPS_DATABASE_URL?" in warning
    assert "CONVGROUPS_REQUIRE_SERVICES" not in err
    assert "relay off" in log
    assert "CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS is not set" in log


def test_it_serves_ipv6_and_says_so_in_an_address_that_works(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no ::1: {error}")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # which nobody asks about what is here
    with serving(database, "--host", "::1") as (url, _):
        assert url.startswith("http://[::1]:")
        findings = convgroups("doctor", "--json", database=database).json["findings"]
    assert "service: database" in [finding["what"] for finding in findings]


def test_a_second_service_on_the_database_is_refused(database: Path) -> None:
    with serving(database) as (url, _):
        refused = convgroups("serve", "--port", "0", database=database)
        assert "stopped" not in refused.fails(3, "Another process, most likely a service, writes to", "log.db")
        assert httpx.get(f"{url}/healthz", timeout=30).status_code == 200


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_what_fails_is_in_the_log_without_what_users_sent(database: Path, log_format: str) -> None:
    migrate_sqlite(database)
    append_unknown(database, "mallory", 1)
    with serving(database, log_format=log_format) as (url, process):
        with httpx.Client(base_url=url, timeout=30) as client:
            for _ in range(3):
                response = client.post("/v1/users/mallory/commands", json={**CREATE, "groupName": "secret-name"})
                assert (response.status_code, response.json()["code"]) == (500, 50004)
            assert client.get("/healthz").status_code == 200
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert err.count("a request failed") == 3
    assert "UnreadableEvent" in err
    assert "secret-name" not in err
    if log_format == "json":
        assert all(isinstance(json.loads(line), dict) for line in err.splitlines())
