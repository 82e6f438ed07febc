"""What the tests that kill something again and again have in common: the moments, and the figures."""

import time
from collections.abc import Callable, Sequence
from random import Random

from tests.e2e.load import Clients
from tests.e2e.recorded import Recorded

SEED = 51009

RecordProperty = Callable[[str, object], None]


def wait_for_any_moment(clients: Clients, random: Random) -> None:
    """Wait until some commands were answered, soon after a start or at full work, and then until any moment."""
    clients.wait_for(answers=int(300 ** random.random()))
    time.sleep(random.uniform(0, 0.01))  # nobody waits for anything here: any moment will do


def give_figures(record: RecordProperty, kills: int, clients: Clients, log: Sequence[Recorded]) -> None:
    """Tell how much was killed, and what became of the commands."""
    lost = [command for command in clients.sent if command.status is None]
    recorded = {one.event["correlationID"] for one in log}
    record("seed", SEED)
    record("kills", kills)
    record("commands answered", len(clients.sent) - len(lost))
    record("of those sent again", sum(one.tries > 1 for one in clients.sent if one.status))
    record("and found done already", sum(one.repeated for one in clients.sent))
    record("given up without an answer", len(lost))
    record("and recorded all the same", sum(command.key in recorded for command in lost))
    record("events", len(log))
