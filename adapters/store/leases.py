"""Which process runs a follower: the one with the lease in PostgreSQL, by the clock of the database.

A lease is renewed by a thread of its own, so that work that takes long loses none. Whoever takes one over raises its
epoch, and an effect commits only while its epoch stands: a process that was held up, and wakes, changes nothing.
"""

import os
import socket
from collections.abc import Sequence

import structlog

from adapters.background import Background
from adapters.store.datastore import Cursor, Datastore
from domain.ports import Entry, Unavailable

logger = structlog.get_logger("lease")

LASTS = 6.0
"""Seconds that a lease outlives its last renewal: then another process takes the follower over."""

RENEWED = 2.0
"""Seconds between two renewals."""


class LeaseLost(Unavailable):
    """Another process has taken the follower over; nothing of this effect has happened."""


class Lease:
    """The right to run one follower, and how far that follower has come."""

    def __init__(self, datastore: Datastore, name: str, owner: str) -> None:
        self.name = name
        self._datastore = datastore
        self._owner = owner
        self._epoch: int | None = None

    def hold(self) -> int | None:
        """Take the lease where nobody has it; give its epoch, as far as is known here, None where it is not held."""
        if self._epoch is None:
            with self._datastore.statement() as c:
                row = c.execute(
                    "UPDATE followers SET owner = %s, epoch = epoch + 1, "
                    "expires_at = clock_timestamp() + %s * interval '1 s' "
                    "WHERE name = %s AND (expires_at IS NULL OR expires_at < clock_timestamp()) RETURNING epoch",
                    (self._owner, LASTS, self.name),
                ).fetchone()
            self._epoch = row[0] if row else None
        return self._epoch

    def renew(self) -> None:
        """Keep the lease, where it is held; where another process has it by now, know that."""
        epoch = self._epoch
        if epoch is None:
            return
        with self._datastore.statement() as c:
            c.execute(
                "UPDATE followers SET expires_at = clock_timestamp() + %s * interval '1 s' "
                "WHERE name = %s AND epoch = %s AND owner = %s",
                (LASTS, self.name, epoch, self._owner),
            )
            lost = c.rowcount == 0
        if lost and self._epoch == epoch:  # meanwhile the follower's own thread may have let go of it, or taken it
            logger.warning("lost", follower=self.name)
            self._epoch = None

    def release(self) -> None:
        """Let another process take it at once."""
        epoch, self._epoch = self._epoch, None
        if epoch is not None:
            with self._datastore.statement() as c:
                c.execute(
                    "UPDATE followers SET owner = NULL, expires_at = NULL WHERE name = %s AND epoch = %s",
                    (self.name, epoch),
                )

    def position(self) -> int:
        """Give the position that the follower has reached, 0 before the first entry."""
        with self._datastore.statement() as c:
            row = c.execute("SELECT position FROM followers WHERE name = %s", (self.name,)).fetchone()
        return row[0] if row else 0

    def move(self, c: Cursor, entries: Sequence[Entry]) -> None:
        """Move the position behind these entries, in the transaction of their effect; raises `LeaseLost`.

        Positions have no gap, so an entry that was stepped over, or that had its effect before, is seen here, and
        refused as `Unavailable`: the follower asks where it stands, and goes on from there.
        """
        first, last = entries[0].position, entries[-1].position
        # One round trip also says that this commit need not wait for the disk: what is lost is built again.
        moved = c.execute(
            "UPDATE followers SET position = %s WHERE name = %s AND epoch = %s::bigint AND position = %s "
            "RETURNING set_config('synchronous_commit', 'off', true)",
            (last, self.name, self._epoch, first - 1),
        ).fetchall()
        if moved:
            return
        [(position, epoch)] = c.execute(
            "SELECT position, epoch FROM followers WHERE name = %s", (self.name,)
        ).fetchall()
        if epoch != self._epoch:
            self._epoch = None
            raise LeaseLost(f"Another process follows the log for {self.name}")
        # An answer was lost, or it was put back: whoever asks again knows.
        raise Unavailable(f"{self.name} stands at position {position}, not before {first}")

    def put_back(self, c: Cursor) -> None:
        """Put the follower back before the first entry, in the transaction that empties its effect.

        Where another process runs it, that one loses the lease: it would go on from where it was.
        """
        c.execute("UPDATE followers SET position = 0 WHERE name = %s", (self.name,))
        c.execute(
            "UPDATE followers SET epoch = epoch + 1, owner = NULL, expires_at = NULL "
            "WHERE name = %s AND epoch IS DISTINCT FROM %s::bigint",
            (self.name, self._epoch),
        )


class Leases(Background):
    """The leases that this process asks for, renewed until it ends."""

    def __init__(self, datastore: Datastore) -> None:
        super().__init__("leases")
        self.owner = f"{socket.gethostname()}:{os.getpid()}"
        self._datastore = datastore
        self._leases: dict[str, Lease] = {}

    def lease(self, name: str) -> Lease:
        """Give the lease of one follower, not yet held."""
        return self._leases.setdefault(name, Lease(self._datastore, name, self.owner))

    def owners(self) -> list[tuple[str, str | None]]:
        """Tell who runs each follower, as host and process ID; None where nobody does."""
        with self._datastore.statement() as c:
            return c.execute(
                "SELECT name, CASE WHEN expires_at > clock_timestamp() THEN owner END FROM followers ORDER BY name"
            ).fetchall()

    def run(self) -> None:
        """Renew."""
        while not self.over.wait(RENEWED):
            for lease in list(self._leases.values()):
                try:
                    lease.renew()
                except Unavailable as away:
                    logger.warning("not renewed", follower=lease.name, reason=str(away))
