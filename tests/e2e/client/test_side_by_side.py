"""Any sequence of commands, sent in three ways, becomes the same: to each command, and to the groups at the end.

Three users of one app get the same sequence: one by the API of this service, one by the product's REST calls, one by
the client in JavaScript. The sequences hold what all three can say, malformed conversations and refused commands among
it. Left out:

- what the client throws at once: no conversation, an empty name, a new name of over 32 UTF-16 units;
- commands whose conversations are all malformed: the client sends nothing, and so hears of no group that is missing;
- commands that are over the limit of conversations by malformed ones alone: the client does not send those;
- malformed conversations without a prefix, which the product's REST calls cannot say;
- what the client lacks: groups named by ID, reordering, removing and adding in one, expected revisions, dry runs.
"""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.client.device import Device
from tests.e2e.client.side_by_side import CALLS, Asked, JavaScript, Native, Rest, Side
from tests.e2e.conftest import NewService
from tests.services.node import Node

MOST = 4
"""Conversations in one command."""

APPS = {
    1400000001: f"{{ groups = 3, nameBytes = 32, conversationsPerCommand = {MOST}, conversations = 6 }}",
    1400000002: f'{{ groups = 3, conversationsPerCommand = {MOST}, conversations = 5, overflow = "evict-oldest" }}',
}
"""Apps with limits that short sequences meet."""

NAMES = [*3 * ["A", "产品体验"], "E\u0301", "É", "a\u2028b"]
NEW_NAMES = [*NAMES, "产品体验需求研发分组名", "bell\x07"]
GOOD_IDS = [*(f"C2C{letter}" for letter in "abcdef"), "GROUP1", "GROUP产品"]
BAD_IDS = ["C2C", "GROUP", "GROUP\x00", "C2C" + "x" * 126]


@st.composite
def conversation_ids(draw: st.DrawFn) -> tuple[str, ...]:
    """Draw at least one that is none malformed, some of them twice."""
    good = draw(st.lists(st.sampled_from(GOOD_IDS), min_size=1, max_size=5))
    room = MOST - len(set(good))
    bad = draw(st.lists(st.sampled_from(BAD_IDS), max_size=2 if room < 0 else min(2, room)))
    return tuple(draw(st.permutations([*good, *bad])))


created = st.builds(Asked, st.just("CreateGroup"), st.sampled_from(NAMES), conversation_ids())
names, new_names = st.sampled_from(NAMES), st.sampled_from(NEW_NAMES)
commands = st.one_of(
    st.builds(Asked, st.just("CreateGroup"), new_names, conversation_ids()),
    st.builds(Asked, st.sampled_from(list(CALLS)), names, conversation_ids()),
    st.builds(Asked, st.just("AddConversations"), names, conversation_ids()),
    st.builds(Asked, st.just("DeleteGroup"), names),
    st.builds(lambda old, new: Asked("RenameGroup", old, new_name=new), names, new_names),
)
sequences = st.builds(
    lambda begun, then: [*begun, *then],
    st.lists(created, min_size=1, max_size=4),
    st.lists(commands, min_size=1, max_size=10),
)

EVERY_TIME = settings(
    max_examples=200,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
LONG = settings(EVERY_TIME, max_examples=10_000, derandomize=False, database=None, print_blob=True)


class Sides:
    """One service, and devices that go on from one user to the next."""

    def __init__(self, http: httpx.Client, devices: dict[int, Device]) -> None:
        self._http, self._devices = http, devices
        self._numbers = count()

    def compare(self, app: int, sequence: list[Asked]) -> None:
        """Send a sequence in three ways."""
        number = next(self._numbers)
        native = Native(self._http, app, f"native-{number}")
        device = self._devices[app].login(f"script-{number}")
        sides: list[Side] = [native, Rest(self._http, app, f"rest-{number}"), JavaScript(device)]
        for asked in sequence:
            sent = [side.begin(asked) for side in reversed(sides)]
            became, *others = [side.became(one) for side, one in zip(sides, reversed(sent), strict=True)]
            assert others == [became, became], asked
        groups, *others_groups = [side.groups() for side in sides]
        assert others_groups == [groups, groups]
        recorded = native.recorded()
        for other in (f"rest-{number}", f"script-{number}"):
            assert Native(self._http, app, other).recorded() == recorded


@pytest.fixture(scope="module")
def sides(new_service: NewService, node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    service = new_service()
    blocks = [f"[[apps]]\nsdkAppID = {app}\nlimits = {limits}\n" for app, limits in APPS.items()]
    file: Path = tmp_path_factory.mktemp("apps") / "apps.toml"
    file.write_text("\n".join(blocks), encoding="utf-8")
    service.environment["CONVGROUPS_APPS_FILE"] = str(file)
    service.start()
    first, second = APPS
    with (
        service.client() as http,
        Device(node, service.url, app=first) as one,
        Device(node, service.url, app=second) as other,
    ):
        yield Sides(http, {first: one, second: other})


def test_any_sequence_of_commands_becomes_the_same_in_three_ways(sides: Sides) -> None:
    @EVERY_TIME
    @given(app=st.sampled_from(list(APPS)), sequence=sequences)
    def run(app: int, sequence: list[Asked]) -> None:
        sides.compare(app, sequence)

    run()


@pytest.mark.proof
def test_very_many_sequences_of_commands_become_the_same_in_three_ways(
    sides: Sides, record_property: Callable[[str, object], None]
) -> None:
    """Any commands by REST, by the JavaScript client and by the native API get the same answers, and end the same."""

    @LONG
    @given(app=st.sampled_from(list(APPS)), sequence=sequences)
    def run(app: int, sequence: list[Asked]) -> None:
        sides.compare(app, sequence)

    run()
    record_property("sequences", LONG.max_examples)
