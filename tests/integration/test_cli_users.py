"""Users on the command line: any text that is a user ID, and no other."""

import pytest

from tests.integration.command_line import Run


@pytest.mark.parametrize("name", ["a b", "用户", "..", ".", "a%2Fb", "%ff", "a?b#c", "-x", "😀", "'", "a\\b", "[bold]"])
def test_an_odd_user_is_one_all_the_same(run: Run, way: list[str], user: str, name: str) -> None:
    odd = name if name in ("..", ".") else name + user
    run("send", *way, "--", odd, "create-group", "x", "[C2C]a", "C2Ca")
    answer = run("history", *way, "--json", "--", odd).json
    assert {event["userID"] for event in answer["events"]} == {odd}


@pytest.mark.parametrize("name", ["", "a/b", "/", "a\nb", "\x7f", "x" * 65, "用" * 22, "\udcff", "a\udce9"])
def test_a_user_who_is_none_is_refused(run: Run, way: list[str], name: str) -> None:
    for words in (["send", name, "create-group", "x"], ["groups", name], ["history", name]):
        run(*words, *way).fails(1, "refused")
