"""Who may log in where signatures are asked for."""

from collections.abc import Iterator

import pytest

from tests.e2e.client.conftest import NewDevice
from tests.e2e.client.device import CONVERSATIONS, IN_GROUP, told
from tests.e2e.conftest import NewService
from tests.e2e.service import Service
from tests.integration.signed import APP, APPS_FILE, OTHER_APP, POOR_APP, SMALL_APP, usersig


@pytest.fixture(scope="module")
def service(new_service: NewService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    apps = tmp_path_factory.mktemp("apps") / "apps.toml"
    apps.write_text(APPS_FILE, encoding="utf-8")
    service = new_service()
    service.environment |= {"CONVGROUPS_AUTH": "usersig", "CONVGROUPS_APPS_FILE": str(apps)}
    service.start()
    yield service
    service.stop()


def test_a_good_signature_lets_its_user_in(new_device: NewDevice, user: str) -> None:
    device = new_device(app=APP).login(user, usersig(user))
    device.result("createConversationGroup", {"groupName": "A", "conversationIDList": ["C2Cx"]})
    assert device.groups() == ["A"]


@pytest.mark.parametrize(
    ("signature", "code"),
    [
        (usersig("alice", expire=0), 70001),
        (usersig("alice", key="forged"), 70003),
        (usersig("bob"), 50003),
        (usersig("alice", app=OTHER_APP), 50003),
        ("nonsense", 70003),
        ('with " and \n', 70003),
    ],
)
def test_a_bad_signature_is_rejected(new_device: NewDevice, signature: str, code: int) -> None:
    device = new_device(app=APP)
    assert device.rejected("login", {"userID": "alice", "userSig": signature})[0] == code
    assert device.rejected("getConversationGroupList")[0] == 2024
    device.login("alice", usersig("alice"))
    assert device.groups() == []


def test_an_app_without_the_package_reads_and_changes_nothing(new_device: NewDevice, user: str) -> None:
    device = new_device(app=POOR_APP).login(user, usersig(user, app=POOR_APP))
    given = {"groupName": "A", "conversationIDList": ["C2Cx"]}
    assert device.rejected("createConversationGroup", given)[0] == 3122
    assert device.groups() == []
    device.hears()


def test_whose_signature_ends_is_told_and_may_log_in_anew(new_device: NewDevice, user: str) -> None:
    device = new_device(app=APP).login(user, usersig(user, expire=2))
    device.wait_until(lambda: len(device.heard) == 2, "the end of the session")
    heard = [(name, (data or {}).get("code")) for name, data in device.heard]
    assert heard == [("error", 70001), ("sdkStateNotReady", None)]
    assert device.rejected("getConversationGroupList")[0] == 3005
    device.login(user, usersig(user))
    assert device.groups() == []


def test_conversations_that_leave_to_make_room_are_told_on_both_devices(new_device: NewDevice, user: str) -> None:
    signature = usersig(user, app=SMALL_APP)
    phone, tablet = (new_device(app=SMALL_APP).login(user, signature) for _ in range(2))
    phone.result("createConversationGroup", {"groupName": "A", "conversationIDList": ["C2C1", "C2C2"]})
    phone.result("createConversationGroup", {"groupName": "B", "conversationIDList": ["C2C2", "C2C3", "C2C1"]})
    tablet.wait_until(lambda: len(tablet.heard) == 4, "both groups")
    phone.heard.clear()
    tablet.heard.clear()
    phone.result("addConversationsToGroup", {"groupName": "B", "conversationIDList": ["C2C4", "C2C5", "C2C3"]})
    rest = [told("C2C2", "A", "B")]
    added = [told("C2C3", "B"), told("C2C4", "B"), told("C2C5", "B")]
    for device in (phone, tablet):
        device.hears(
            (CONVERSATIONS, [told("C2C1"), *added[1:]]),
            (IN_GROUP, {"groupName": "A", "conversationList": rest}),
            (IN_GROUP, {"groupName": "B", "conversationList": [*rest, *added]}),
        )
