"""One process writes to an SQLite file: the one that holds the lock on the file beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


class HeldElsewhere(Exception):  # noqa: N818 - a state of the database
    """Another process, most likely a running service, writes to this database."""


@contextmanager
def sole_writer(database: Path) -> Iterator[None]:
    """Be the one process that writes to `database`; raises `HeldElsewhere` at once where another one is.

    The operating system lets go of the lock when the process ends, however it ends.
    """
    file = database.resolve()  # by whatever links it is reached, the file has one lock
    if not file.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {file.parent}: make it, or change CONVGROUPS_DATABASE_URL.")
    if file.exists() and not file.is_file():
        raise FileNotFoundError(f"{file} is no file: change CONVGROUPS_DATABASE_URL.")
    # `doctor` holds the lock for a moment when it looks, so a first "no" is not believed.
    lock = FileLock(file.with_name(file.name + ".lock"), timeout=0.2, poll_interval=0.02)
    try:
        lock.acquire()
    except Timeout as held:
        raise HeldElsewhere(
            f"Another process, most likely a service, writes to {file}. Stop that service, or send commands through it "
            f"with `convgroups send USER COMMAND --url {announced(database) or 'URL'}`."
        ) from held
    try:
        yield
    finally:
        lock.release()


def announce(database: Path, url: str) -> None:
    """Leave word, beside the database, where the service that writes to it can be asked."""
    _word(database).write_text(url)


def announced(database: Path) -> str | None:
    """Give the address of the service that writes to `database`; of a former one where none does."""
    try:
        return _word(database).read_text()
    except OSError:
        return None


def _word(database: Path) -> Path:
    file = database.resolve()
    return file.with_name(file.name + ".url")
