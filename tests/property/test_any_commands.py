"""Whatever is sent, in whatever order: the code does what the model does."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.property.machine import GroupsMachine

EVERY_TIME = settings(
    max_examples=200,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
LONG = settings(EVERY_TIME, max_examples=600, stateful_step_count=60, derandomize=False, database=None, print_blob=True)


def test_any_sequence_of_commands_does_what_the_model_does() -> None:
    run_state_machine_as_test(GroupsMachine, settings=EVERY_TIME)


@pytest.mark.proof
def test_very_many_sequences_of_commands_do_what_the_model_does(record_property: Callable[[str, object], None]) -> None:
    """Any sequence of commands does what a naive model does, its events make the same groups, and so does the view."""
    run_state_machine_as_test(GroupsMachine, settings=LONG)
    record_property("sequences", LONG.max_examples)
    record_property("steps in each, at most", LONG.stateful_step_count)
