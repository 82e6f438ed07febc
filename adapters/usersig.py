"""UserSig, the product's signature of a user: which app, who, and until when, signed with a key of the app.

It is what the product's documentation calls TLSSigAPIv2: JSON, compressed with zlib, in a base64 of its own alphabet.
"""

import hmac
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256
from time import time
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.values import MAX_ID, is_user_id

LONGEST: Final = 4096
"""Characters of a signature; the product's have some 200."""

LARGEST: Final = 8192
"""Bytes of what it says: a few bytes can decompress to very many."""

REMEMBERED: Final = 8192
"""How many good signatures are kept at hand: at most 32 MB, and less than 4 MB as they are."""

_WIRE: Final = str.maketrans("+/=", "*-_")
_BASE64: Final = str.maketrans("*-_", "+/=")


class SignatureRefused(Exception):  # noqa: N818 - an answer
    """A signature does not let its bearer in; the message says what to do, `code` is the product's number."""

    code: ClassVar[int] = 70003


class NotSigned(SignatureRefused):
    """There is no signature, or what is there is none."""


class Forged(SignatureRefused):
    """No key of the app made this signature."""

    def __init__(self, claims: "Claims") -> None:
        super().__init__(claims)
        self.claims = claims

    def __str__(self) -> str:
        return f"No key of the app {self.claims.sdk_app_id} made this UserSig; make one with the app's key."


class Expired(SignatureRefused):
    """The time for which it was made is over."""

    code = 70001

    def __str__(self) -> str:
        return "This UserSig has expired; make a new one."


class OfAnotherUser(SignatureRefused):
    """It is good, and of somebody else than the one who is named beside it."""

    code = 70013

    def __str__(self) -> str:
        return "This UserSig is of another user than `identifier`; make one for that user."


class OfAnotherApp(SignatureRefused):
    """It is of another app than the one that is named beside it."""

    code = 70014

    def __str__(self) -> str:
        return "This UserSig is of another app than `sdkappid`; make one with that app's key."


class Claims(BaseModel):
    """What a signature says."""

    model_config = ConfigDict(strict=True, frozen=True)

    version: Literal["2.0"] = Field(alias="TLS.ver")
    identifier: str = Field(alias="TLS.identifier")
    sdk_app_id: int = Field(alias="TLS.sdkappid", ge=1, le=MAX_ID)
    expire: int = Field(alias="TLS.expire", ge=0, le=MAX_ID)
    """Seconds for which it holds."""

    time: int = Field(alias="TLS.time", ge=0, le=MAX_ID)
    """When it was made, in seconds of Unix time."""

    userbuf: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/=]*$")] | None = Field(alias="TLS.userbuf", default=None)
    """What an app may say beside, in base64; of no meaning here."""

    sig: str = Field(alias="TLS.sig", default="")

    @property
    def until(self) -> int:
        """The first second in which it does not hold any more."""
        return self.time + self.expire

    def signature(self, key: str) -> str:
        """Sign what is said."""
        lines = [
            f"TLS.identifier:{self.identifier}\n",
            f"TLS.sdkappid:{self.sdk_app_id}\n",
            f"TLS.time:{self.time}\n",
            f"TLS.expire:{self.expire}\n",
        ]
        if self.userbuf is not None:
            lines.append(f"TLS.userbuf:{self.userbuf}\n")
        return b64encode(hmac.digest(key.encode(), "".join(lines).encode(), sha256)).decode()

    def is_signed_by(self, keys: Sequence[str]) -> bool:
        """Tell whether one of these keys made the signature, in a time that says nothing of how close it came."""
        given = self.sig.encode()
        return any(hmac.compare_digest(given, self.signature(key).encode()) for key in keys)


def sign(sdk_app_id: int, key: str, identifier: str, *, expire: int, now: float | None = None) -> str:
    """Make a signature that holds for `expire` seconds."""
    made = int(time() if now is None else now)
    said = {
        "TLS.ver": "2.0",
        "TLS.identifier": identifier,
        "TLS.sdkappid": sdk_app_id,
        "TLS.expire": expire,
        "TLS.time": made,
    }
    signature = Claims.model_validate(said).signature(key)
    return b64encode(zlib.compress(json.dumps({**said, "TLS.sig": signature}).encode())).decode().translate(_WIRE)


def read(usersig: str) -> Claims:
    """Read what a signature says, whoever made it; raises `NotSigned`."""
    said = _unpacked(usersig) if len(usersig) <= LONGEST else None
    try:
        claims = Claims.model_validate_json(said or b"")
    except ValidationError:
        raise NotSigned("This is no UserSig; make one with the app's key.") from None
    if not is_user_id(claims.identifier):
        raise NotSigned("This UserSig is of nobody: its identifier is no user ID.")
    return claims


def _unpacked(usersig: str) -> bytes | None:
    decompress = zlib.decompressobj()
    try:
        said = decompress.decompress(b64decode(usersig.translate(_BASE64), validate=True), LARGEST)
    except (ValueError, zlib.error):
        return None
    return said if decompress.eof and not decompress.unused_data else None


class UserSigs:
    """Checks signatures with the keys of their apps. Good ones are remembered: they come with every request."""

    def __init__(self, keys_of: Callable[[int], Sequence[str]], clock: Callable[[], float] = time) -> None:
        self._keys_of = keys_of
        self._clock = clock
        self._good = lru_cache(maxsize=REMEMBERED)(self._signed)

    def check(self, usersig: str) -> Claims:
        """Give what a good signature says; raises `NotSigned`, `Forged`, `Expired`."""
        claims = self._good(usersig)
        if self._clock() >= claims.until:
            raise Expired
        return claims

    def _signed(self, usersig: str) -> Claims:
        claims = read(usersig)
        if not claims.is_signed_by(self._keys_of(claims.sdk_app_id)):
            raise Forged(claims)
        return claims
