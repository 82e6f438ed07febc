"""Who asks, and whether that is allowed."""

import re
from dataclasses import dataclass
from typing import Annotated, Final, Protocol
from uuid import UUID

from fastapi import Path
from starlette.requests import Request

from adapters.apps import Apps
from adapters.given import DEFAULT_APP, read_app_id
from adapters.http.problems import NOT_ALLOWED, RequestRefused
from adapters.usersig import Claims, Forged, NotSigned, OfAnotherApp, OfAnotherUser, SignatureRefused, UserSigs
from domain.refusals import MalformedUserID
from domain.values import is_user_id, stream_id

_AUTHORIZATION: Final = re.compile(r' *UserSig +usersig *= *("?)([A-Za-z0-9*_-]*)\1 *', re.IGNORECASE)


UserID = Annotated[str, Path(alias="userID", description="Whose groups; percent-encoded UTF-8.")]


@dataclass(frozen=True)
class Caller:
    """On whose groups a request is, and who sent it."""

    sdk_app_id: int
    user_id: str
    actor: str
    until: float | None = None
    """When the signature expires, in seconds of Unix time; None where nobody signs."""

    def __post_init__(self) -> None:
        """Refuse a user ID that names nobody."""
        if not is_user_id(self.user_id):
            raise MalformedUserID

    @property
    def stream(self) -> UUID:
        """The user's stream."""
        return stream_id(self.sdk_app_id, self.user_id)


class Identity(Protocol):
    """Tells who asks. Everything that a user may see or change is behind it."""

    def caller(self, request: Request, user_id: str) -> Caller:
        """Give who asks about this user; raises `RequestRefused` where they are nobody, or may not."""
        ...

    def app_of(self, request: Request) -> int:
        """Give the app of whoever asks; raises `RequestRefused`."""
        ...

    def vouch(self, sdk_app_id: int, identifier: str, usersig: str | None) -> None:
        """See that the caller is who they say they are; raises `SignatureRefused`."""
        ...

    def may_act(self, sdk_app_id: int, identifier: str, user_id: str) -> bool:
        """Tell whether one user of an app may act on the groups of another, or the same, one."""
        ...


class Trusting:
    """With authentication off everybody is who they say, and may do everything; by default the user of the path."""

    def caller(self, request: Request, user_id: str) -> Caller:
        """Take the user of the path, of the app in the header `App-ID`."""
        return Caller(self.app_of(request), user_id, actor=user_id)

    def app_of(self, request: Request) -> int:
        """Read the header `App-ID`."""
        given = _app_id(request)
        return DEFAULT_APP if given is None else given

    def vouch(self, sdk_app_id: int, identifier: str, usersig: str | None) -> None:
        """Believe it."""

    def may_act(self, sdk_app_id: int, identifier: str, user_id: str) -> bool:  # noqa: ARG002 - whoever they are
        """Let everybody."""
        return True


class Signed:
    """Whoever asks proves with a UserSig who they are: a user acts on their own groups, an administrator on all."""

    def __init__(self, apps: Apps) -> None:
        self._apps = apps
        self._signatures = UserSigs(apps.keys_of)

    def caller(self, request: Request, user_id: str) -> Caller:
        """Take app and actor from the signature."""
        claims = self._claims(request)
        if not self.may_act(claims.sdk_app_id, claims.identifier, user_id):
            detail = "The UserSig is of another user, who is no administrator of the app; sign as this user or as one."
            raise RequestRefused(403, "another-user", detail, NOT_ALLOWED)
        return Caller(claims.sdk_app_id, user_id, claims.identifier, claims.until)

    def app_of(self, request: Request) -> int:
        """Take the app from the signature."""
        return self._claims(request).sdk_app_id

    def vouch(self, sdk_app_id: int, identifier: str, usersig: str | None) -> None:
        """Check the signature, and that it is of this user of this app."""
        if not usersig:
            raise NotSigned("Sign in: give `usersig`, made with the app's key.")
        try:
            claims = self._signatures.check(usersig)
        except Forged as forged:
            if forged.claims.sdk_app_id != sdk_app_id:  # most likely well signed, by an app that is not known here
                raise OfAnotherApp from None
            raise
        if claims.sdk_app_id != sdk_app_id:
            raise OfAnotherApp
        if claims.identifier != identifier:
            raise OfAnotherUser

    def may_act(self, sdk_app_id: int, identifier: str, user_id: str) -> bool:
        """Let the user, and the administrators of the app."""
        return identifier == user_id or self._apps.is_admin(sdk_app_id, identifier)

    def _claims(self, request: Request) -> Claims:
        try:
            claims = self._signatures.check(_usersig(request))
        except SignatureRefused as refused:
            raise RequestRefused(401, "not-signed-in", str(refused), refused.code) from None
        if _app_id(request) not in (None, claims.sdk_app_id):
            detail = (
                f"The UserSig is of the app {claims.sdk_app_id}, the header App-ID names another one; leave it out."
            )
            raise RequestRefused(403, "another-app", detail, NOT_ALLOWED)
        return claims


def _usersig(request: Request) -> str:
    given = request.headers.getlist("Authorization")
    found = _AUTHORIZATION.fullmatch(given[0]) if len(given) == 1 else None
    if found is None:
        raise NotSigned('Sign in: send Authorization: UserSig usersig="...", made with the app\'s key.')
    return found[2]


def _app_id(request: Request) -> int | None:
    given = request.headers.get("App-ID")
    if given is None:
        return None
    app = read_app_id(given)
    if app is None:
        raise RequestRefused(400, "malformed-header", "App-ID is a number from 1 to 2^53-1.")
    return app
