"""Signatures of users: those of the product's own library are good, and nothing else is."""

import json
import zlib
from base64 import b64encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from TLSSigAPIv2 import TLSSigAPIv2, base64_decode_url

from adapters.usersig import LARGEST, Expired, Forged, NotSigned, SignatureRefused, UserSigs, read, sign
from domain.values import is_user_id

APP = 1400000001
NOW = 1_800_000_000
user_ids = st.text(min_size=1, max_size=20).filter(is_user_id)


def checking(*keys: str, now: float = NOW) -> UserSigs:
    return UserSigs(lambda app: list(keys) if app == APP else [], lambda: now)


def packed(said: object) -> str:
    return wire(zlib.compress(json.dumps(said).encode()))


def wire(data: bytes) -> str:
    return b64encode(data).decode().translate(str.maketrans("+/=", "*-_"))


@given(user_ids, st.text(st.characters(codec="utf-8"), min_size=1, max_size=70), st.integers(1, 10**9))
def test_what_the_products_library_signs_is_good(identifier: str, key: str, expire: int) -> None:
    claims = UserSigs(lambda _: ["another", key]).check(TLSSigAPIv2(APP, key).gen_sig(identifier, expire))
    assert (claims.sdk_app_id, claims.identifier, claims.expire) == (APP, identifier, expire)


def test_what_is_signed_with_a_userbuf_is_good() -> None:
    usersig = TLSSigAPIv2(APP, "key").gen_sig_with_userbuf("alice", 100, b"\x00abc\xff")
    assert UserSigs(lambda _: ["key"]).check(usersig).userbuf == "AGFiY/8="


@given(user_ids, st.text(st.characters(codec="utf-8"), min_size=1, max_size=70))
def test_what_is_signed_here_is_what_the_library_signs(identifier: str, key: str) -> None:
    said = json.loads(zlib.decompress(base64_decode_url(sign(APP, key, identifier, expire=600).encode())))
    signed_there = TLSSigAPIv2(APP, key)._TLSSigAPIv2__hmacsha256(identifier, said["TLS.time"], 600)
    assert said["TLS.sig"] == signed_there.decode()
    assert said.keys() == {"TLS.ver", "TLS.identifier", "TLS.sdkappid", "TLS.expire", "TLS.time", "TLS.sig"}


def test_every_key_of_the_app_verifies_and_no_other() -> None:
    signed_with = {key: sign(APP, key, "alice", expire=60, now=NOW) for key in ("new", "old", "gone", "")}
    for key in ("new", "old"):
        assert checking("new", "old").check(signed_with[key]).identifier == "alice"
    for key in ("gone", ""):
        with pytest.raises(Forged):
            checking("new", "old").check(signed_with[key])
    with pytest.raises(Forged):
        checking().check(signed_with["new"])
    with pytest.raises(Forged):
        checking("new").check(sign(APP + 1, "new", "alice", expire=60, now=NOW))


def test_a_signature_holds_until_its_second_and_no_longer_also_where_it_is_remembered() -> None:
    usersig, now = sign(APP, "key", "alice", expire=60, now=NOW), float(NOW)
    checked = UserSigs(lambda _: ["key"], lambda: now)
    checked.check(usersig)
    now = NOW + 59.9
    checked.check(usersig)
    now = NOW + 60.0
    with pytest.raises(Expired):
        checked.check(usersig)


@given(st.integers(0), st.characters())
def test_a_signature_with_another_character_is_refused_or_says_the_same(place: int, other: str) -> None:
    good = sign(APP, "key", "alice", expire=60, now=NOW)
    place %= len(good)
    changed = good[:place] + other + good[place + 1 :]
    try:
        assert checking("key").check(changed) == read(good)  # unused bits of the base64 may differ
    except SignatureRefused:
        assert changed != good


@given(st.text() | st.binary().map(wire) | st.binary().map(lambda data: wire(zlib.compress(data))))
@example("")
@example("eJw_")
@example("é" * 10)
def test_garbage_is_no_signature(garbage: str) -> None:
    with pytest.raises(NotSigned):
        checking("key").check(garbage)


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8"))
NAMES = ("TLS.ver", "TLS.identifier", "TLS.sdkappid", "TLS.expire", "TLS.time", "TLS.sig", "TLS.userbuf")


@given(st.dictionaries(st.sampled_from(NAMES), scalars | st.just("2.0") | st.integers(1, 100)))
def test_whatever_else_is_said_in_its_form_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(SignatureRefused):
        checking("key").check(packed(said))


def test_numbers_are_numbers_and_users_are_users() -> None:
    good = json.loads(zlib.decompress(base64_decode_url(sign(APP, "key", "alice", expire=60, now=NOW).encode())))
    assert checking("key").check(packed(good))
    for change in (
        {"TLS.ver": "1.0"},
        {"TLS.sdkappid": str(APP)},
        {"TLS.sdkappid": float(APP)},
        {"TLS.time": True},
        {"TLS.expire": -1},
        {"TLS.identifier": "a/b"},
        {"TLS.identifier": "alice\nTLS.sdkappid:1400000001"},
        {"TLS.userbuf": "a\nb"},
    ):
        with pytest.raises(NotSigned):
            checking("key").check(packed({**good, **change}))


def test_what_decompresses_to_very_much_is_not_decompressed() -> None:
    bomb = wire(zlib.compress(b" " * 2_000_000))
    assert len(bomb) < 4096
    with pytest.raises(NotSigned):
        read(bomb)
    good = zlib.decompress(base64_decode_url(sign(APP, "key", "alice", expire=60, now=NOW).encode()))
    assert read(wire(zlib.compress(good.ljust(LARGEST)))).identifier == "alice"
    with pytest.raises(NotSigned):
        read(wire(zlib.compress(good.ljust(LARGEST + 1))))


def test_what_is_cut_off_or_goes_on_after_its_end_is_refused() -> None:
    good = base64_decode_url(sign(APP, "key", "alice", expire=60, now=NOW).encode())
    for changed in (good[:-1], good + b"x", good[:-5]):
        with pytest.raises(NotSigned):
            read(wire(changed))


def test_no_message_shows_a_key() -> None:
    with pytest.raises(Forged) as forged:
        checking("hunter2").check(sign(APP, "other", "alice", expire=60, now=NOW))
    assert "hunter2" not in str(forged.value) + repr(forged.value)
