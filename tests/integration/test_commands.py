"""Each command over HTTP, and its answer to the last key."""

from typing import Any

from tests.integration.answers import MALFORMED, items, recorded
from tests.integration.service import Service, on_both

pytestmark = on_both


def test_create_tells_each_conversation_and_the_events(service: Service, user: str) -> None:
    response = service.send(
        user, "CreateGroup", groupName="Suppliers", conversationIDs=["GROUPtest", "C2Cexample", "nonsense", "GROUPtest"]
    )
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == {
        "revision": 2,
        "groupID": 1,
        "groupName": "Suppliers",
        "successConversationIDList": ["GROUPtest", "C2Cexample"],
        "failureConversationIDList": [{"conversationID": "nonsense", "code": 2503, "message": MALFORMED}],
        "items": [
            {"conversationID": "GROUPtest", "outcome": "added"},
            {"conversationID": "C2Cexample", "outcome": "added"},
            {"conversationID": "nonsense", "outcome": "refused", "code": 2503},
        ],
        "evicted": [],
        "events": recorded(response, "group-created", "conversations-added"),
    }


def test_create_needs_no_conversations(service: Service, user: str) -> None:
    response = service.send(user, "CreateGroup", groupName="产品体验")
    assert response.json() == {
        "revision": 1,
        "groupID": 1,
        "groupName": "产品体验",
        "successConversationIDList": [],
        "failureConversationIDList": [],
        "items": [],
        "evicted": [],
        "events": recorded(response, "group-created"),
    }


def test_create_onto_a_name_that_exists_adds(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="Suppliers", conversationIDs=["C2Ca"])
    response = service.send(user, "CreateGroup", groupName="Suppliers", conversationIDs=["C2Ca", "C2Cb"])
    assert response.json() == {
        "revision": 3,
        "groupID": 1,
        "groupName": "Suppliers",
        "successConversationIDList": ["C2Ca", "C2Cb"],
        "failureConversationIDList": [],
        "items": items(C2Ca="already", C2Cb="added"),
        "evicted": [],
        "events": recorded(response, "conversations-added"),
    }


def test_create_of_which_all_is_refused_has_no_group_id(service: Service, user: str) -> None:
    response = service.send(user, "CreateGroup", groupName="Suppliers", conversationIDs=["nonsense"])
    assert response.status_code == 200
    assert response.json() == {
        "revision": 0,
        "groupName": "Suppliers",
        "successConversationIDList": [],
        "failureConversationIDList": [{"conversationID": "nonsense", "code": 2503, "message": MALFORMED}],
        "items": [{"conversationID": "nonsense", "outcome": "refused", "code": 2503}],
        "evicted": [],
        "events": [],
    }
    assert service.names(user) == []


def test_delete_answers_with_the_last_name(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="Suppliers", conversationIDs=["C2Ca"])
    response = service.send(user, "DeleteGroup", groupID=1)
    assert response.json() == {
        "revision": 3,
        "groupID": 1,
        "groupName": "Suppliers",
        "successConversationIDList": [],
        "failureConversationIDList": [],
        "items": [],
        "evicted": [],
        "events": recorded(response, "group-deleted"),
    }
    assert service.history(user)[-1]["conversationIDs"] == ["C2Ca"]


def test_rename_answers_with_the_new_name_and_the_same_id(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="Suppliers")
    response = service.send(user, "RenameGroup", groupName="Suppliers", newName="Suppliers_new")
    assert response.json() == {
        "revision": 2,
        "groupID": 1,
        "groupName": "Suppliers_new",
        "successConversationIDList": [],
        "failureConversationIDList": [],
        "items": [],
        "evicted": [],
        "events": recorded(response, "group-renamed"),
    }
    again = service.done(user, "RenameGroup", groupID=1, newName="Suppliers_new")
    assert (again["revision"], again["events"]) == (2, [])


def test_add_and_remove_tell_what_each_conversation_did(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="Suppliers")
    added = service.send(user, "AddConversations", groupID=1, conversationIDs=["C2Cb", "C2Ca", "c2cx"])
    assert added.json() == {
        "revision": 2,
        "groupID": 1,
        "groupName": "Suppliers",
        "successConversationIDList": ["C2Cb", "C2Ca"],
        "failureConversationIDList": [{"conversationID": "c2cx", "code": 2503, "message": MALFORMED}],
        "items": [*items(C2Cb="added", C2Ca="added"), {"conversationID": "c2cx", "outcome": "refused", "code": 2503}],
        "evicted": [],
        "events": recorded(added, "conversations-added"),
    }
    removed = service.send(user, "RemoveConversations", groupName="Suppliers", conversationIDs=["C2Cz", "C2Cb"])
    assert removed.json() == {
        "revision": 3,
        "groupID": 1,
        "groupName": "Suppliers",
        "successConversationIDList": ["C2Cz", "C2Cb"],
        "failureConversationIDList": [],
        "items": items(C2Cz="absent", C2Cb="removed"),
        "evicted": [],
        "events": recorded(removed, "conversations-removed"),
    }


def test_update_lists_what_it_removes_and_then_what_it_adds(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="Suppliers", conversationIDs=["C2Ca", "C2Cb"])
    response = service.send(user, "UpdateConversations", groupID=1, add=["C2Cd", "C2Ca"], remove=["C2Cb", "C2Cc"])
    assert response.json() == {
        "revision": 4,
        "groupID": 1,
        "groupName": "Suppliers",
        "successConversationIDList": ["C2Cb", "C2Cc", "C2Cd", "C2Ca"],
        "failureConversationIDList": [],
        "items": items(C2Cb="removed", C2Cc="absent", C2Cd="added", C2Ca="already"),
        "evicted": [],
        "events": recorded(response, "conversations-removed", "conversations-added"),
    }
    assert service.read(user, "groups/1")["conversationIDs"] == ["C2Ca", "C2Cd"]


def test_update_may_leave_either_list_out(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="Suppliers")
    assert service.done(user, "UpdateConversations", groupID=1, add=["C2Ca"])["items"] == items(C2Ca="added")
    assert service.done(user, "UpdateConversations", groupID=1, remove=["C2Ca"])["items"] == items(C2Ca="removed")


def test_reorder_moves_before_a_group_or_to_the_end(service: Service, user: str) -> None:
    for name in ("one", "two", "three"):
        service.done(user, "CreateGroup", groupName=name)
    response = service.send(user, "ReorderGroup", groupID=3, before=1)
    assert response.json() == {
        "revision": 4,
        "groupID": 3,
        "groupName": "three",
        "successConversationIDList": [],
        "failureConversationIDList": [],
        "items": [],
        "evicted": [],
        "events": recorded(response, "groups-reordered"),
    }
    assert service.names(user) == ["three", "one", "two"]
    service.done(user, "ReorderGroup", groupName="one", before=None)
    assert service.names(user) == ["three", "two", "one"]
    for where in (None, 1):
        assert service.done(user, "ReorderGroup", groupID=1, before=where)["events"] == []


def test_dry_run_answers_the_same_without_event_ids_and_records_nothing(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="Suppliers", conversationIDs=["C2Ca"])
    head = service.head()
    fields: Any = {"groupName": "Suppliers", "remove": ["C2Ca"], "add": ["C2Cb", "nonsense"]}
    dry = service.send(user, "UpdateConversations", dry_run=True, **fields)
    assert dry.status_code == 200
    assert (service.head(), service.read(user, "groups")["revision"]) == (head, 2)
    done = service.send(user, "UpdateConversations", dry_run=False, **fields).json()
    for event in done["events"]:
        del event["eventID"]
    assert dry.json() == done
    assert dry.json()["events"] == [
        {"type": "conversation-groups.conversations-removed.v1", "revision": 3},
        {"type": "conversation-groups.conversations-added.v1", "revision": 4},
    ]


def test_a_group_id_is_not_given_out_again(service: Service, user: str) -> None:
    assert service.done(user, "CreateGroup", groupName="one")["groupID"] == 1
    service.done(user, "DeleteGroup", groupID=1)
    assert service.done(user, "CreateGroup", groupName="one")["groupID"] == 2
