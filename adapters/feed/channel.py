"""What one user's listeners in this process have in common: each frame is made once, for all of them."""

from collections.abc import Callable, Sequence

from adapters.feed.listener import Listener
from domain.events import Event
from domain.groups import UserConversationGroups
from projections.notifications import Frame, Telling


class Channel:
    """One user's listeners, and what they are told; `encode` gives a frame as it is sent."""

    def __init__(self, encode: Callable[[Frame], bytes]) -> None:
        self.listeners: set[Listener] = set()
        self._encode = encode
        self._telling: Telling | None = None
        self._snapshot = (-1, b"")
        self._early: list[Event] = []
        """What was recorded before the groups were known."""

    def encoded(self, frame: Frame) -> bytes:
        """Give a frame as it is sent. Readers who come at one revision share the snapshot. For any thread."""
        if frame.kind != "snapshot":
            return self._encode(frame)
        revision, snapshot = self._snapshot
        if revision != frame.revision:
            snapshot = self._encode(frame)
            self._snapshot = frame.revision, snapshot
        return snapshot

    def begin(self, state: UserConversationGroups) -> None:
        """Take in the user's groups, which hold at least what was recorded before the channel was there."""
        if self._telling is None:
            self._telling = Telling(state)
            self.tell(self._early)
            self._early = []

    def tell(self, events: Sequence[Event]) -> None:
        """Tell what was recorded next: whole commands."""
        if self._telling is None:
            self._early += events
            return
        revision = self._telling.state.revision
        news = [event for event in events if event.revision > revision]
        if news and news[0].revision != revision + 1:
            self.end()  # the log is not what it was: whoever comes again is told what it has now
            return
        if news:
            self._snapshot = (-1, b"")  # it is held as long only as it may be told
        for frame in self._telling.tell(news):
            encoded = self._encode(frame)
            for listener in self.listeners:
                listener.put(frame.revision, encoded)

    def end(self) -> None:
        """Let all listeners go."""
        for listener in self.listeners:
            listener.end()
