"""A thread for what goes on beside the work, as long as a `with` lasts."""

from threading import Event, Thread
from types import TracebackType
from typing import Self


class Background(Thread):
    """Whoever derives from it gives `run`, which ends soon after `over` is set."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.over = Event()

    def __enter__(self) -> Self:
        """Begin."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End with the step in hand."""
        self.over.set()
        self.join()
