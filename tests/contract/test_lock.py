"""One process writes to a database: the lock falls with the process that holds it, however that ends."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.store.lock import HeldElsewhere, announce, announced, sole_writer

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys
from pathlib import Path
from adapters.store.lock import sole_writer
with sole_writer(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process_holds(database: Path) -> Iterator["subprocess.Popen[str]"]:
    """Let a process of its own take the lock, and end it when the test is done."""
    command = [sys.executable, "-c", HOLDER, str(database)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            holder.kill()


def test_while_another_process_writes_nobody_else_does(tmp_path: Path) -> None:
    with (
        another_process_holds(tmp_path / "log.db"),
        pytest.raises(HeldElsewhere, match=r"log\.db.*--url"),
        sole_writer(tmp_path / "log.db"),
    ):
        pytest.fail("two writers")


def test_the_lock_is_free_when_its_holder_was_killed(tmp_path: Path) -> None:
    with another_process_holds(tmp_path / "log.db") as holder:
        holder.send_signal(signal.SIGKILL)
        assert holder.wait(10) == -signal.SIGKILL
        with sole_writer(tmp_path / "log.db"):
            pass


def test_the_lock_is_free_when_its_holder_ended_well(tmp_path: Path) -> None:
    with another_process_holds(tmp_path / "log.db") as holder:
        holder.communicate(timeout=10)
        assert holder.returncode == 0
        with sole_writer(tmp_path / "log.db"):
            pass


def test_nobody_takes_the_lock_twice_in_one_process(tmp_path: Path) -> None:
    with sole_writer(tmp_path / "log.db"):
        with pytest.raises(HeldElsewhere), sole_writer(tmp_path / "log.db"):
            pytest.fail("two writers")
        with pytest.raises(HeldElsewhere), sole_writer(tmp_path / "log.db"):
            pytest.fail("the attempt let go of the lock")


def test_the_lock_is_let_go_of_with_an_exception_too(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), sole_writer(tmp_path / "log.db"):
        raise ZeroDivisionError
    with sole_writer(tmp_path / "log.db"):
        pass


def test_by_whatever_link_it_is_reached_a_database_has_one_writer(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "log.db").touch()
    (tmp_path / "link.db").symlink_to(tmp_path / "data" / "log.db")
    (tmp_path / "other").symlink_to(tmp_path / "data")
    with sole_writer(tmp_path / "data" / "log.db"):
        for same in (tmp_path / "link.db", tmp_path / "other" / "log.db", tmp_path / "data" / ".." / "data" / "log.db"):
            with pytest.raises(HeldElsewhere), sole_writer(same):
                pytest.fail("two writers")


def test_two_databases_have_two_writers(tmp_path: Path) -> None:
    with sole_writer(tmp_path / "log.db"), sole_writer(tmp_path / "other.db"):
        assert not (tmp_path / "log.db").exists(), "the lock is a file beside the database"


def test_who_writes_leaves_word_where_it_can_be_asked_and_the_last_word_counts(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "log.db")
    assert announced(tmp_path / "log.db") is None
    announce(tmp_path / "log.db", "http://127.0.0.1:8080")
    announce(tmp_path / "link.db", "http://127.0.0.1:9090")
    assert announced(tmp_path / "log.db") == announced(tmp_path / "link.db") == "http://127.0.0.1:9090"
    assert announced(tmp_path / "other.db") is None


def test_a_folder_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError, match=r"There is no folder .*nowhere"),
        sole_writer(tmp_path / "nowhere" / "x.db"),
    ):
        pytest.fail("held")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_file_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileNotFoundError, match="is no file"), sole_writer(tmp_path / "folder"):
        pytest.fail("held")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
