"""`convgroups token`, and `--url` calls of a service that wants to know who asks."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.apps import Apps
from adapters.cli.apps import app_of
from adapters.cli.words import WrongUsage
from adapters.usersig import UserSigs
from tests.integration.command_line import Run
from tests.integration.service import Service, running
from tests.integration.signed import ADMIN, APP, APPS_FILE, OTHER_APP, SMALL_APP, apps_in, usersig


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("signed")
    with running(folder / "log.db", auth="usersig", apps_file=apps_in(folder)) as running_service:
        yield running_service


@pytest.fixture
def apps_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "apps.toml"
    path.write_text(APPS_FILE, encoding="utf-8")
    monkeypatch.setenv("CONVGROUPS_APPS_FILE", str(path))
    return path


@pytest.mark.usefixtures("apps_file")
def test_a_token_is_signed_with_the_first_key_and_holds_as_long_as_was_asked(run: Run) -> None:
    for option, seconds in ((), 86400), (("--days", "3"), 3 * 86400), (("--expire", "7"), 7):
        made = run("token", "张三", "--app-id", str(APP), *option)
        assert (made.code, made.err) == (0, "")
        claims = UserSigs(lambda _: ["new"]).check(made.out.rstrip("\n"))
        assert (claims.sdk_app_id, claims.identifier, claims.expire) == (APP, "张三", seconds)
        assert abs(claims.time - time.time()) < 60


@pytest.mark.usefixtures("apps_file")
def test_a_token_for_a_program_says_for_whom_and_until_when(run: Run) -> None:
    answer = run("token", "alice", "--app-id", str(APP), "--json").json
    assert UserSigs(lambda _: ["new"]).check(answer["userSig"]).identifier == answer["userID"] == "alice"
    assert answer["sdkAppID"] == APP
    assert 0 < answer["expiresAt"] - time.time() <= 86400


def test_of_a_file_with_one_app_the_app_needs_no_name(run: Run, apps_file: Path) -> None:
    apps_file.write_text("[[apps]]\nsdkAppID = 7\nsecretKeys = ['k']", encoding="utf-8")
    assert run("token", "alice", "--json").json["sdkAppID"] == 7


def test_a_token_that_cannot_be_made_says_why(run: Run, apps_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("token", "alice").fails(2, "--app-id", str(APP), str(OTHER_APP))
    run("token", "alice", "--app-id", "7").fails(2, "--app-id", "not 7")
    run("token", "a/b", "--app-id", str(APP)).fails(2, "USER")
    run("token", "alice", "--app-id", str(APP), "--days", "1", "--expire", "1").fails(2, "not both")
    run("token", "alice", "--days", "0").fails(2, "--days")
    apps_file.write_text("[[apps]]\nsdkAppID = 7", encoding="utf-8")
    run("token", "alice").fails(2, "no secretKeys")
    monkeypatch.delenv("CONVGROUPS_APPS_FILE")
    run("token", "alice").fails(2, "CONVGROUPS_APPS_FILE")


@pytest.mark.parametrize("signer", ["user", ADMIN])
@pytest.mark.parametrize("given", ["option", "variable"])
def test_who_signs_acts_through_the_service(
    run: Run, service: Service, user: str, signer: str, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signature = usersig(user if signer == "user" else ADMIN)
    if given == "variable":
        monkeypatch.setenv("CONVGROUPS_USERSIG", signature)
    way = ["--url", service.url, *(["--usersig", signature] if given == "option" else [])]
    assert run("send", user, "create-group", "x", "C2Ca", *way).code == 0
    assert run("groups", user, "--json", *way).json["groups"][0]["groupName"] == "x"
    assert run("groups", user, "x", "--json", *way).json["conversations"][0]["conversationID"] == "C2Ca"
    history = run("history", user, "--json", *way).json["events"]
    assert {event["actor"] for event in history} == {user if signer == "user" else ADMIN}
    run("groups", user, "--app-id", str(SMALL_APP), *way).fails(1, "50003", "App-ID")


def test_who_does_not_sign_is_told_how(run: Run, service: Service, user: str) -> None:
    run("groups", user, "--url", service.url).fails(1, "70003", "--usersig", "convgroups token")
    run("groups", user, "--url", service.url, "--usersig", usersig("bob")).fails(1, "50003")
    run("groups", user, "--url", service.url, "--usersig", "é").fails(2, "--usersig")


def test_a_write_on_the_database_obeys_the_file_too(run: Run, apps_file: Path) -> None:
    assert apps_file.exists()
    for name in ("1", "2"):
        assert run("send", "alice", "create-group", name, "--app-id", str(SMALL_APP)).code == 0
    run("send", "alice", "create-group", "3", "--app-id", str(SMALL_APP)).fails(1, "51010", "at most 2 groups")


def test_the_doctor_reads_the_file_and_shows_no_key(run: Run, apps_file: Path) -> None:
    run("migrate")
    ended = run("doctor", "--json")
    findings = {one["what"]: one for one in ended.json["findings"]}
    assert findings["CONVGROUPS_APPS_FILE"]["found"] == str(apps_file)
    assert "secret keys: 2" in findings[f"app {APP}"]["found"]
    apps_file.write_text("[[apps]]\nsdkAppID = 7\nsecretKeys = ['hunter2']\nadmin = 1", encoding="utf-8")
    ended = run("doctor", "--json")
    assert (ended.code, "block 1 of [[apps]], admin" in ended.out, "hunter2" in ended.out) == (3, True, False)
    apps_file.write_text("[[apps]]\nsdkAppID = 7\nsecretKeys = ['hunter2']\nedition='pro'", encoding="utf-8")
    ended = run("doctor", "--json")
    assert "51013" in ended.out
    assert "hunter2" not in ended.out + ended.err


def test_an_app_is_the_only_one_of_the_file_and_of_several_one_has_to_be_named(tmp_path: Path) -> None:
    one, several = tmp_path / "one.toml", tmp_path / "several.toml"
    one.write_text("[[apps]]\nsdkAppID = 77\n", encoding="utf-8")
    several.write_text("[[apps]]\nsdkAppID = 77\n[[apps]]\nsdkAppID = 78\n", encoding="utf-8")
    only, some = Apps.read(str(one)), Apps.read(str(several))
    assert app_of(Apps(), None, known_only=False) == 1_400_000_000
    assert app_of(only, None, known_only=False) == 77
    assert app_of(only, 79, known_only=False) == 79, "with authentication off it has the defaults"
    with pytest.raises(WrongUsage, match="one of 77, 78"):
        app_of(some, None, known_only=False)
    with pytest.raises(WrongUsage, match="has 77, 78, and not 79"):
        app_of(some, 79, known_only=True)
