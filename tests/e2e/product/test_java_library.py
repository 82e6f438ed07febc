"""The product's published server library for Java works against the service as it is."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.product.library import install, tls_front
from tests.integration.service import Service, running
from tests.integration.signed import ADMIN, APP, KEYS, apps_in

USER = "alice"
Answers = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("product")
    with running(folder / "log.db", auth="usersig", apps_file=apps_in(folder)) as running_service:
        yield running_service


@pytest.fixture(scope="module")
def understood(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """Give what the library understood of every call."""
    library = install(tmp_path_factory.mktemp("library"))
    with tls_front(library, service.address) as port:
        command = [*library.command, f"localhost:{port}", str(APP), ADMIN, KEYS[APP], USER]
        ended = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    answers: Answers = {}
    for line in ended.stdout.decode().splitlines():
        call, _, answer = line.partition(" ")
        answers.setdefault(call, []).append(json.loads(answer))
    return answers


def without_end(answer: dict[str, Any]) -> dict[str, Any]:
    """Give what a call that was carried out answers beside that."""
    assert (answer["ActionStatus"], answer["ErrorCode"]) == ("OK", 0), answer
    return {name: value for name, value in answer.items() if name not in ("ActionStatus", "ErrorCode", "ErrorInfo")}


def c2c(user: str) -> dict[str, Any]:
    return {"Type": 1, "To_Account": user}


CHAT = {"Type": 2, "ToGroupId": "@TGS#1"}


def test_it_makes_a_group(understood: Answers) -> None:
    [item] = without_end(understood["create"][0])["GroupResultItem"]
    assert item["GroupItem"] == {"GroupName": "供应商", "GroupId": 1}
    assert [(one["ContactItem"], one["ResultCode"]) for one in item["ResultItem"]] == [
        (c2c("张三"), 0),
        (CHAT, 0),
        (c2c(""), 2503),
    ]


def test_it_is_told_where_no_group_was_made(understood: Answers) -> None:
    [item] = without_end(understood["nothing"][0])["GroupResultItem"]
    assert item.keys() == {"ResultItem"}


def test_it_renames_a_group(understood: Answers) -> None:
    assert without_end(understood["rename"][0])["UpdateGroupResult"] == {
        "UpdateGroupType": 1,
        "GroupName": "客户",
        "GroupId": 1,
        "OldGroupName": "供应商",
    }


def test_it_lets_conversations_join_and_leave_at_once(understood: Answers) -> None:
    result = without_end(understood["update"][0])["UpdateGroupResult"]
    assert [(one["ContactOptType"], one["ContactItem"], one["ResultCode"]) for one in result["ContactResultItem"]] == [
        (1, c2c("李四"), 0),
        (2, CHAT, 0),
    ]


def test_it_searches(understood: Answers) -> None:
    answer = without_end(understood["search"][0])
    assert [one.get("ContactGroupId") for one in answer["ContactResultItem"]] == [[1], None]
    assert answer["GroupItem"] == [{"GroupName": "客户", "GroupId": 1}]


def test_it_reads_page_by_page(understood: Answers) -> None:
    pages = [without_end(page) for page in understood["page"]]
    assert [(len(page["ContactItem"]), page["CompleteFlag"]) for page in pages] == [(100, 0)] * 3 + [(2, 1)]
    assert [group["GroupName"] for group in pages[0]["GroupItem"]] == ["客户", "many"]
    accounts = [item["To_Account"] for page in pages for item in page["ContactItem"]]
    assert accounts == ["张三", "李四", *(f"{n}-{m}" for n in range(3) for m in range(100))]


def test_it_deletes_a_group(service: Service, understood: Answers) -> None:
    assert without_end(understood["delete"][0]) == {"GroupItem": [{"GroupName": "客户", "GroupId": 1}]}


@pytest.mark.parametrize(("call", "code"), [("mark", 60009), ("missing", 51009), ("forged", 70003)])
def test_it_is_told_what_went_wrong(understood: Answers, call: str, code: int) -> None:
    [answer] = understood[call]
    assert (answer["ActionStatus"], answer["ErrorCode"]) == ("FAIL", code)
    assert answer["ErrorInfo"]
