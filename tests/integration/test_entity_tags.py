"""`ETag` and `If-None-Match`: an answer at hand is not sent again, and none outlives what it says."""

from pathlib import Path

import httpx
import pytest

from tests.integration.service import Service, running

TAGGED = ["groups", "groups/1", "conversations", "conversations?groupID=1&limit=1", "history", "history?after=1"]


def ask(service: Service, user: str, what: str, *tags: str) -> httpx.Response:
    headers = [("If-None-Match", tag) for tag in tags]
    return service.client.get(f"/v1/users/{user}/{what}", headers=headers)


@pytest.fixture
def owner(service: Service, user: str) -> str:
    service.done(user, "CreateGroup", groupName="Suppliers", conversationIDs=["C2Ca", "C2Cb"])
    return user


@pytest.mark.parametrize("what", TAGGED)
def test_an_answer_at_hand_is_not_sent_again(service: Service, owner: str, what: str) -> None:
    first = ask(service, owner, what)
    tag = first.headers["ETag"]
    assert tag.startswith('"')
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["Vary"] == "App-ID, Authorization"
    for given in (tag, f"W/{tag}", f'"x", {tag}', f'"x",W/{tag} , "y"', "*", f'"x" ,  {tag}'):
        again = ask(service, owner, what, given)
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        assert "Content-Type" not in again.headers
    assert ask(service, owner, what, '"x"', tag).status_code == 304


@pytest.mark.parametrize("what", TAGGED)
def test_another_tag_gets_the_answer(service: Service, owner: str, what: str) -> None:
    first = ask(service, owner, what)
    tag = first.headers["ETag"]
    for given in ('"x"', tag[:-1], tag.strip('"'), tag.replace("-2", "-1"), "", ",", "W/", f'"{tag}"'):
        again = ask(service, owner, what, given)
        assert (again.status_code, again.content) == (200, first.content)


@pytest.mark.parametrize("what", TAGGED)
def test_the_tag_changes_with_every_revision(service: Service, owner: str, what: str) -> None:
    before = ask(service, owner, what).headers["ETag"]
    service.done(owner, "RenameGroup", groupID=1, newName="Vendors")
    after = ask(service, owner, what, before)
    assert (after.status_code, after.headers["ETag"] == before) == (200, False)


def test_the_tag_does_not_change_with_what_records_nothing(service: Service, owner: str) -> None:
    before = ask(service, owner, "groups").headers["ETag"]
    service.done(owner, "AddConversations", groupID=1, conversationIDs=["C2Ca"])
    service.done(f"{owner}-2", "CreateGroup", groupName="x")
    assert ask(service, owner, "groups", before).status_code == 304


def test_a_missing_group_is_missing_whatever_is_at_hand(service: Service, owner: str) -> None:
    assert ask(service, owner, "groups/2", "*").status_code == 404


def test_the_tag_holds_across_a_restart_and_ends_with_the_log(database: Path) -> None:
    with running(database) as service:
        service.done("alice", "CreateGroup", groupName="Suppliers")
        first = ask(service, "alice", "groups")
    tag, cursor = first.headers["ETag"], first.json()["cursor"]
    with running(database) as service:
        assert ask(service, "alice", "groups", tag).status_code == 304
        service.store.log.renew_log_id()
    with running(database) as service:
        again = ask(service, "alice", "groups", tag)
        assert again.status_code == 200
        assert (again.headers["ETag"] == tag, again.json()["cursor"] == cursor) == (False, False)
