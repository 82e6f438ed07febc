"""Reads show every command that was acknowledged, however far the views are behind."""

from typing import Any

import pytest

from adapters.follow import stop_all
from adapters.stores import open_store
from domain.values import stream_id
from projections.group_lists import current_lists
from projections.history import current_history
from tests.integration.service import Place, Service, on_both, running, settings_for

USERS = ("alice", "bob")
APP = 1_400_000_000


def a_life(service: Service, user: str) -> None:
    """Send one of every command."""
    service.done(user, "CreateGroup", groupName="one", conversationIDs=["C2Ca", "C2Cb", "C2Cc"])
    service.done(user, "CreateGroup", groupName="two", conversationIDs=["C2Cb"])
    service.done(user, "CreateGroup", groupName="three")
    service.done(user, "RenameGroup", groupID=2, newName="zwei")
    service.done(user, "AddConversations", groupID=3, conversationIDs=["C2Cd", "C2Ca"])
    service.done(user, "UpdateConversations", groupID=1, remove=["C2Ca"], add=["C2Ce"])
    service.done(user, "RemoveConversations", groupID=1, conversationIDs=["C2Cb"])
    service.done(user, "ReorderGroup", groupID=3, before=1)
    service.done(user, "DeleteGroup", groupID=2)


def everything(service: Service, user: str) -> list[Any]:
    """Ask everything."""
    lookup = {"conversationIDs": ["C2Ca", "C2Cb", "C2Cc", "C2Cd", "C2Ce"]}
    return [
        service.read(user, "groups"),
        *(service.client.get(f"/v1/users/{user}/groups/{n}").json() for n in (1, 2, 3)),
        service.read(user, "conversations"),
        service.read(user, "conversations", groupID=3),
        service.read(user, "conversations", limit=2),
        service.client.post(f"/v1/users/{user}/conversations/lookup", json=lookup).json(),
        service.read(user, "history"),
        service.read(user, "history", after=3, limit=4),
    ]


@pytest.mark.parametrize("ahead", ["none", "all", "half"])
def test_reads_do_not_tell_how_far_the_views_are(place: Place, ahead: str) -> None:
    with running(place, following=ahead == "all") as service:
        a_life(service, "alice")
        if ahead == "all":
            service.wait_for_views()
        if ahead == "half":
            for name, view in service.store.views.items():
                with service.following(name):
                    view.apply(service.store.log.read(0, 6))
        assert service.names("alice") == ["three", "one"]
        assert service.read("alice", "groups/1")["conversationIDs"] == ["C2Cc", "C2Ce"]
        behind = everything(service, "alice")
        checkpoints = {view.checkpoint() for view in service.store.views.values()}
        assert checkpoints == {{"none": 0, "half": 6, "all": service.head()}[ahead]}
    with running(place) as service:
        service.wait_for_views()
        assert everything(service, "alice") == behind


def test_reads_are_right_when_the_followers_have_stopped(place: Place) -> None:
    with running(place) as service:
        a_life(service, "alice")
        service.wait_for_views()
        stop_all(service.threads)
        a_life(service, "bob")
        service.done("alice", "CreateGroup", groupName="late")
        assert service.names("alice") == ["three", "one", "late"]
        alice, bob = everything(service, "alice"), everything(service, "bob")
    with running(place) as service:
        service.wait_for_views()
        assert [everything(service, "alice"), everything(service, "bob")] == [alice, bob]


@on_both
def test_each_read_shows_the_command_acknowledged_just_before(service: Service, user: str) -> None:
    for n in range(1, 21):
        revision = service.done(user, "CreateGroup", groupName=str(n))["revision"]
        assert service.read(user, "groups")["revision"] == revision == n
        assert service.read(user, f"groups/{n}")["groupName"] == str(n)
        assert service.history(user)[-1]["revision"] == n


def test_another_process_reads_the_same_with_views_behind(place: Place) -> None:
    with running(place, following=False) as service:
        a_life(service, "alice")
        stream = stream_id(APP, "alice")
        with open_store(settings_for(place)) as store:
            lists = current_lists(store.log, store.group_lists, stream)
            assert [row.name for _, row in lists.listed()] == service.names("alice")
            rows = current_history(store.log, store.history, stream, 0, 100)
            assert [row.revision for row in rows] == [event["revision"] for event in service.history("alice")]
