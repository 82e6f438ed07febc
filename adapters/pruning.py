"""A thread that drops the outcomes which are kept no longer, in small steps, beside the commands."""

from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

import structlog

from domain.ports import Unavailable

logger = structlog.get_logger("pruning")

EVERY: Final = 60.0
"""Seconds between two looks at what has expired."""

REST: Final = 0.02
"""Seconds between two steps, which leave most of the database to the commands."""


class Pruning(Thread):
    """Prunes until it is told to stop."""

    def __init__(self, prune: Callable[[], int]) -> None:
        super().__init__(name="pruning", daemon=True)
        self._prune = prune
        self._over = Event()

    def __enter__(self) -> Self:
        """Begin."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End with the step in hand."""
        self._over.set()
        self.join()

    def run(self) -> None:
        """Prune."""
        while not self._over.is_set():
            try:
                pruned = self._prune()
            except Exception as error:  # whatever it is, nothing depends on it
                unforeseen = None if isinstance(error, Unavailable) else error
                logger.warning("expired outcomes stay for now", reason=str(error), exc_info=unforeseen)
                pruned = 0
            self._over.wait(REST if pruned else EVERY)
