"""`convgroups serve` as a process."""

import json
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.integration.process import PROGRAM, convgroups, environment, serving
from tests.integration.test_poison import append_unknown

CREATE = {"command": "CreateGroup", "groupName": "Suppliers"}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_asked_to_end(database: Path, how: signal.Signals) -> None:
    with serving(database) as (url, process):
        assert httpx.post(f"{url}/v1/users/alice/commands", json=CREATE).status_code == 200
        process.send_signal(how)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 0
        assert "Traceback" not in err
        assert json.loads(err.splitlines()[-1])["event"] == "stopped"
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM stored_events").fetchone() == (1,)


def test_what_was_acknowledged_is_there_after_a_restart(database: Path) -> None:
    with serving(database) as (url, _):
        assert httpx.post(f"{url}/v1/users/alice/commands", json=CREATE).json()["revision"] == 1
    with serving(database) as (url, _):
        answer = httpx.get(f"{url}/v1/users/alice/groups").json()
        assert [group["groupName"] for group in answer["groups"]] == ["Suppliers"]


def test_on_a_terminal_it_says_what_to_try(database: Path) -> None:
    command = [*PROGRAM, "serve", "--port", "0"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment(database), stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(6)]
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert "/v1/users/alice/commands" in "".join(told)
    assert "/docs" in "".join(told)
    assert "relay off" in err
    assert "CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS is not set" in err


def test_a_slip_of_the_pen_is_warned_of(database: Path) -> None:
    command = [*PROGRAM, "serve", "--port", "0"]
    env = environment(database, DATABASE_ULR="sqlite:///x.db", REQUIRE_SERVICES="1")
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.terminate()
        _, rest = process.communicate(timeout=20)
    assert "warning" in first
    assert "CONVGROUPS_DATABASE_ULR" in first
    assert "CONVGROUPS_REQUIRE_SERVICES" not in first + rest


def test_a_second_service_on_the_database_is_refused(database: Path) -> None:
    with serving(database) as (url, _):
        convgroups("serve", "--port", "0", database=database).fails(3, "Another process writes", "log.db")
        assert httpx.get(f"{url}/healthz").status_code == 200


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_what_fails_is_in_the_log_without_what_users_sent(database: Path, log_format: str) -> None:
    convgroups("migrate", database=database)
    append_unknown(database, "mallory", 1)
    with serving(database, log_format=log_format) as (url, process):
        with httpx.Client(base_url=url) as client:
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
