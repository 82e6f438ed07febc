"""What the command line says, and how it ends, where something did not go well."""

import errno
import sqlite3
from typing import Final

import psycopg
from alembic.script.revision import RevisionError
from eventsourcing.persistence import PersistenceError
from psycopg.errors import DuplicateTable, InsufficientPrivilege
from rich.markup import escape
from sqlalchemy.exc import DBAPIError

from adapters.cli import show
from adapters.cli.callers import Refused
from adapters.cli.words import WrongUsage
from adapters.kafka.refused import RelayRefused
from adapters.settings import SettingRefused
from adapters.store.connections import in_a_line
from adapters.store.lock import HeldElsewhere
from adapters.store.migrate import NotMigrated
from adapters.store.postgres import FunctionsRefused
from domain.ports import Unavailable
from domain.stored import UnreadableEvent

REFUSED, WRONG_USAGE, NOT_REACHABLE = 1, 2, 3

EXIT_CODES: Final[dict[type[Exception], int]] = {
    Refused: REFUSED,
    RelayRefused: REFUSED,
    SettingRefused: WRONG_USAGE,
    WrongUsage: WRONG_USAGE,
    DBAPIError: NOT_REACHABLE,
    FunctionsRefused: WRONG_USAGE,
    HeldElsewhere: NOT_REACHABLE,
    NotMigrated: NOT_REACHABLE,
    OSError: NOT_REACHABLE,
    PersistenceError: NOT_REACHABLE,
    RevisionError: NOT_REACHABLE,
    Unavailable: NOT_REACHABLE,
    UnreadableEvent: NOT_REACHABLE,
    psycopg.Error: NOT_REACHABLE,
    sqlite3.Error: NOT_REACHABLE,
}
"""The exit code of everything that is known to come up."""


def report(error: Exception, *, as_json: bool) -> int:
    """Say on the standard error what went wrong, and give the exit code."""
    if isinstance(error, Refused):
        show.err.print_json(data=error.problem) if as_json else show.show_problem(error.problem)
    else:
        show.err.print(f"[red]error[/red]: {escape(sentence(error))}")
    return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), NOT_REACHABLE)


def sentence(error: Exception) -> str:
    """Say what went wrong, in one sentence."""
    match error:
        case DBAPIError(orig=DuplicateTable() as reason):
            return f"The database holds other tables: {reason}. Give the service a database, or a schema, of its own."
        case DBAPIError(orig=InsufficientPrivilege() as reason) | (InsufficientPrivilege() as reason):
            return (
                f"The user of CONVGROUPS_DATABASE_URL lacks a right: {in_a_line(reason)}. Take the user who owns the "
                "tables, or to make them GRANT CREATE ON SCHEMA public."
            )
        case DBAPIError(orig=psycopg.Error() as reason) | (psycopg.Error() as reason):
            return f"The database cannot be used: {in_a_line(reason)}."
        case DBAPIError(orig=reason) | ((PersistenceError() | sqlite3.Error()) as reason):
            return f"The database cannot be used: {reason}."
        case RevisionError():
            return f"The database was written by another version of convgroups: {error}."
        case _ if any(isinstance(error, kind) for kind in EXIT_CODES):
            return str(error)
        case _:
            return f"This should not have happened: {type(error).__name__}: {error}."


def address_refused(error: OSError, host: str, port: int) -> OSError:
    """Name the address, which the operating system does not, where it cannot be served."""
    if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES) or error.filename is not None:
        return error
    return OSError(
        f"{host}:{port} cannot be served: {error.strerror}. Choose another one with --port (make run PORT=N)."
    )
