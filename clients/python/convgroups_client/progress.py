"""How far a partition is handled: events are done out of order, and an offset may be committed only in order."""

from heapq import heappop, heappush


class Progress:
    """The offsets of one partition: below `next` everything is done."""

    def __init__(self, begin: int) -> None:
        self.next = begin
        """What to commit: the offset to go on with after a restart."""

        self._taken: list[int] = []
        self._done: set[int] = set()
        self._behind_all = begin

    def take(self, offset: int) -> None:
        """Note that this offset is on its way. They come in order."""
        heappush(self._taken, offset)
        self._behind_all = offset + 1

    def done(self, offset: int) -> None:
        """Note that this offset is done."""
        self._done.add(offset)
        while self._taken and self._taken[0] in self._done:
            self._done.remove(heappop(self._taken))
        self.next = self._taken[0] if self._taken else self._behind_all
