"""User IDs are any text without slash and control characters, and each byte of them counts."""

import pytest

from tests.integration.raw import ask
from tests.integration.service import Service


def encoded(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


@pytest.mark.parametrize(
    "user", ["x" * 64, "用" * 21, "..", ".", "a%2Fb", "%", "a+b", "a;b", "'", "a?b#c", "\u200b", "😀", "a\\b", " ", '"']
)
def test_an_odd_user_id_is_one_all_the_same(service: Service, user: str) -> None:
    path = f"/v1/users/{encoded(user)}"
    body = b'{"command": "CreateGroup", "groupName": "x", "conversationIDs": ["C2Ca"]}'
    assert ask(service, f"{path}/commands", method="POST", body=body).json()["groupID"] == 1
    [event, _] = ask(service, f"{path}/history").json()["events"]
    assert (event["userID"], event["actor"]) == (user, user)
    assert ask(service, f"{path}/groups/1").json()["conversationIDs"] == ["C2Ca"]


@pytest.mark.parametrize("user", ["..", ".", "a+b", "a;b"])
def test_a_path_may_spell_them_as_they_are(service: Service, user: str) -> None:
    spelt, plain = (ask(service, f"/v1/users/{name}/groups").json() for name in (encoded(user), user))
    assert spelt == plain


def test_users_are_told_apart_byte_by_byte(service: Service, user: str) -> None:
    for n, ending in enumerate(["é", "e\u0301", "É", " ", "?"]):
        service.done(encoded(user + ending), "CreateGroup", groupName=str(n))
        assert service.names(encoded(user + ending)) == [str(n)]
