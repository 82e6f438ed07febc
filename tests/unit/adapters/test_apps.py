"""The file with the apps: read strictly, and never shown."""

import re
from pathlib import Path

import pytest

from adapters.apps import Apps
from domain.limits import Limits, Policy

WHOLE = """
[[apps]]
sdkAppID = 1400000001
secretKeys = ["hunter2", "hunter1"]
admins = ["administrator", "张三"]
edition = "flagship"
limits = { groups = 3, nameBytes = 64, conversationsPerCommand = 7, conversations = 9, overflow = "evict-oldest" }

[[apps]]
sdkAppID = 1400000002
edition = "professional"
"""


def read(folder: Path, text: str | bytes) -> Apps:
    path = folder / "apps.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Apps.read(str(path))


def test_every_key_of_the_file_counts(tmp_path: Path) -> None:
    apps = read(tmp_path, WHOLE)
    limits = Limits(groups=3, name_bytes=64, conversations_per_command=7, conversations=9, overflow="evict-oldest")
    assert apps.policy_of(1400000001).limits.model_dump() == limits.model_dump()
    assert apps.policy_of(1400000001).entitled
    assert apps.keys_of(1400000001) == ["hunter2", "hunter1"]
    assert [apps.is_admin(1400000001, who) for who in ("administrator", "张三", "alice")] == [True, True, False]


def test_what_is_left_out_has_the_defaults(tmp_path: Path) -> None:
    apps = read(tmp_path, WHOLE)
    assert apps.policy_of(1400000002).limits.model_dump() == Limits().model_dump()
    assert not apps.policy_of(1400000002).entitled
    assert apps.keys_of(1400000002) == []
    assert not apps.is_admin(1400000002, "administrator")


def test_an_app_that_is_not_in_the_file_has_the_defaults_and_no_keys(tmp_path: Path) -> None:
    for apps in (Apps(), read(tmp_path, WHOLE)):
        assert apps.policy_of(7) == Policy()
        assert apps.keys_of(7) == []
        assert not apps.is_admin(7, "administrator")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the file names no app; write one block [[apps]] for each"),
        ("apps = 3", "the file names no app; write one block [[apps]] for each"),
        ("apps = [3]", "block 1 of [[apps]], as a whole: write a table"),
        ("app = 3", "app: there is no such key; each app is a block [[apps]]"),
        ("[[apps]]\n", "block 1 of [[apps]], sdkAppID: Field required"),
        ("[[apps]]\nsdkAppID = '5'", "block 1 of [[apps]], sdkAppID: Input should be a valid integer"),
        ("[[apps]]\nsdkAppID = 0", "block 1 of [[apps]], sdkAppID: Input should be greater than or equal to 1"),
        ("[[apps]]\nsdkAppID = 5\nsecretKeys = 'hunter2'", "block 1 of [[apps]], secretKeys: write an array"),
        ("[[apps]]\nsdkAppID = 5\nsecretKeys = ['hunter2', '']", "block 1 of [[apps]], secretKeys[1]: it is empty"),
        ("[[apps]]\nsdkAppID = 5\nadmins = ['a/b']", "block 1 of [[apps]], admins[0]: a user ID has"),
        ("[[apps]]\nsdkAppID = 5\n[[apps]]\nsdkAppID = 5", "there are two blocks with sdkAppID = 5"),
        (
            "[[apps]]\nsdkAppID = 5\n[[apps]]\nsdkAppID = 6\nsecretKey = ['hunter2']",
            "block 2 of [[apps]], secretKey: there is no such key; there are sdkAppID, secretKeys, admins",
        ),
        (
            "[[apps]]\nsdkAppID = 5\nlimits = { name_bytes = 3 }",
            "block 1 of [[apps]], limits.name_bytes: there is no such key; there are groups, nameBytes",
        ),
        ("[[apps]]\nsdkAppID = 5\nlimits = { groups = 0 }", "block 1 of [[apps]], limits.groups: Input should be"),
        ("[[apps]]\nsdkAppID = 5\nlimits = { overflow = 'x' }", "limits.overflow: Input should be 'reject' or"),
        ("[[apps]]\nsdkAppID = 5\nsecretKeys = ['hunter2'", "the file is not TOML: Unclosed array"),
        (b"[[apps]]\nadmins = ['\xff']", "the file is not UTF-8"),
        ("a = " + "[" * 100_000, "the file is not TOML"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_sentence_that_names_the_key(
    tmp_path: Path, text: str | bytes, sentence: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)) as refused:
        read(tmp_path, text)
    assert "hunter2" not in str(refused.value)


def test_secret_keys_are_never_shown(tmp_path: Path) -> None:
    apps = read(tmp_path, WHOLE)
    assert str(apps) == str(tmp_path / "apps.toml")
    assert "hunter" not in repr(apps) + str(apps) + "".join(map(repr, apps)) + "".join(map(str, apps))
    assert "hunter" not in "".join(app.model_dump_json() for app in apps)
