"""Whatever is sent to the product's calls is answered with status 200, in its form, and never with a fault of ours."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.recentcontact import post, told
from tests.integration.service import Service, running

CALLS = [f"{call}_contact_group" for call in ("create", "update", "del", "get", "search")]
FAULTS = (50004, 50005)
FIELDS = [
    "From_Account", "GroupContactItem", "GroupName", "ContactItem", "Type", "To_Account", "ToGroupId", "UpdateType",
    "UpdateGroup", "UpdateGroupType", "OldGroupName", "NewGroupName", "ContactUpdateItem", "ContactOptType",
    "StartIndex",
]  # fmt: skip

words = st.sampled_from(["alice", "x", "产品", "", "\n", "a" * 40]) | st.text(st.characters(codec="utf-8"), max_size=5)
scalars = st.none() | st.booleans() | st.integers(-1, 3) | st.integers() | st.floats() | words
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | words, inner, max_size=5),
    max_leaves=20,
)
contacts = st.fixed_dictionaries({}, optional={"Type": scalars, "To_Account": scalars, "ToGroupId": scalars}) | values
groups = st.fixed_dictionaries({"GroupName": words}, optional={"ContactItem": st.lists(contacts, max_size=5)})
changes = st.fixed_dictionaries({"ContactOptType": st.integers(0, 3), "ContactItem": contacts})
updates = st.fixed_dictionaries(
    {"UpdateGroupType": st.integers(0, 3), "OldGroupName": words},
    optional={"NewGroupName": words, "ContactUpdateItem": st.lists(changes, max_size=5)},
)
bodies = values | st.fixed_dictionaries(
    {"From_Account": words | scalars},
    optional={
        "GroupContactItem": st.lists(groups | values, max_size=2),
        "UpdateType": st.just(1) | scalars,
        "UpdateGroup": updates | values,
        "GroupName": st.lists(words, max_size=2) | values,
        "StartIndex": scalars,
        "ContactItem": st.lists(contacts, max_size=5) | values,
    },
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("bodies")
    with running(folder / "log.db") as running_service:
        yield running_service


def assert_answered(answer: dict[str, Any]) -> None:
    assert answer["ErrorCode"] not in FAULTS, answer
    assert (answer["ActionStatus"] == "OK") == (answer["ErrorCode"] == 0) == (answer["ErrorInfo"] == ""), answer


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=300)
@given(st.sampled_from(CALLS), bodies)
def test_any_json_is_answered_in_the_products_form(service: Service, call: str, body: Any) -> None:
    content = json.dumps(body).encode()
    assert_answered(told(post(service, call, None, content=content)))


@settings(deadline=None)
@given(st.sampled_from(CALLS), st.binary())
def test_any_bytes_are_answered_in_the_products_form(service: Service, call: str, content: bytes) -> None:
    assert_answered(told(post(service, call, None, content=content)))
