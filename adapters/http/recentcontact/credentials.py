"""Who calls, as the product's query parameters say it."""

from typing import NamedTuple

from starlette.requests import Request

from adapters.given import read_app_id
from adapters.http.identity import Caller, Identity
from adapters.http.problems import BAD_REQUEST
from adapters.http.recentcontact.failures import NEITHER_ADMIN_NOR_USER, NO_APP, CallRefused
from domain.values import is_user_id


class SignedIn(NamedTuple):
    """Whoever calls."""

    sdk_app_id: int
    identifier: str | None
    """None where nobody is named, which is possible with authentication off."""


def sign_in(request: Request, identity: Identity) -> SignedIn:
    """Read `sdkappid`, `identifier` and `usersig`, and check them; raises `CallRefused`, `SignatureRefused`."""
    given = request.query_params
    app, identifier = read_app_id(given.get("sdkappid", "")), given.get("identifier") or None
    if app is None:
        raise CallRefused(NO_APP, "Give `sdkappid`, the ID of the app, in the query.")
    identity.vouch(app, identifier or "", given.get("usersig"))
    if identifier is not None and not is_user_id(identifier):
        raise CallRefused(BAD_REQUEST, "`identifier` is no user ID.")
    return SignedIn(app, identifier)


def act_on(signed: SignedIn, user_id: str, identity: Identity) -> Caller:
    """Let the caller act on this user's groups; raises `CallRefused`, and `MalformedUserID`."""
    actor = user_id if signed.identifier is None else signed.identifier
    who = Caller(signed.sdk_app_id, user_id, actor)
    if not identity.may_act(who.sdk_app_id, actor, user_id):
        told = "`identifier` is neither an administrator of the app nor the user of `From_Account`."
        raise CallRefused(NEITHER_ADMIN_NOR_USER, told)
    return who
