"""Doing something at the worst moment of a transaction."""

from collections.abc import Callable
from enum import Enum

import pytest
from kafka.producer.transaction_manager import TransactionManager


class Crash(BaseException):
    """The end of the relay's process, as far as Kafka can tell."""


def crash() -> None:
    raise Crash


class Moment(Enum):
    """When in a transaction: the method of kafka-python's that marks it, and whether before or behind its call."""

    BEGUN = "begin_transaction", "behind"
    WRITTEN = "begin_commit", "before"
    COMMIT_ASKED_FOR = "begin_commit", "behind"


def once_at(moment: Moment, patch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Do something in the next transaction, whichever relay's it is."""
    method, place = moment.value
    original = getattr(TransactionManager, method)

    def acting(self: TransactionManager) -> object:
        patch.setattr(TransactionManager, method, original)
        if place == "before":
            act()
        result = original(self)
        if place == "behind":
            act()
        return result

    patch.setattr(TransactionManager, method, acting)
