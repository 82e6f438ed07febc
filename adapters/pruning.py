"""A thread that drops the outcomes which are kept no longer, in small steps, beside the commands."""

from collections.abc import Callable
from typing import Final

import structlog

from adapters.background import Background
from domain.ports import Unavailable

logger = structlog.get_logger("pruning")

EVERY: Final = 60.0
"""Seconds between two looks at what has expired."""

REST: Final = 0.02
"""Seconds between two steps, which leave most of the database to the commands."""


class Pruning(Background):
    """Prunes until it is told to stop."""

    def __init__(self, prune: Callable[[], int]) -> None:
        super().__init__("pruning")
        self._prune = prune

    def run(self) -> None:
        """Prune."""
        while not self.over.is_set():
            try:
                pruned = self._prune()
            except Exception as error:  # whatever it is, nothing depends on it
                unforeseen = None if isinstance(error, Unavailable) else error
                logger.warning("expired outcomes stay for now", reason=str(error), exc_info=unforeseen)
                pruned = 0
            self.over.wait(REST if pruned else EVERY)
