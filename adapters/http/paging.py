"""Query parameters of reads: strict numbers, and pages that go on where the last one ended."""

import re
from base64 import b64decode, urlsafe_b64encode
from collections import Counter
from typing import Annotated, Final

from fastapi import Path
from starlette.requests import Request

from adapters.http.problems import RequestRefused
from domain.values import MAX_ID
from projections.group_lists import Membership

_DIGITS: Final = re.compile(r"[0-9]{1,16}")
_PLACE: Final = re.compile(r"([0-9]{1,16})\.([0-9]{1,16})")


GroupIDText = Annotated[str, Path(alias="groupID", json_schema_extra={"type": "integer", "minimum": 1})]
"""Text, to be read by `whole_number`, which is stricter than FastAPI."""


def whole_number(name: str, given: str, least: int, most: int = MAX_ID) -> int:
    """Read a number; raises `RequestRefused`."""
    if not _DIGITS.fullmatch(given) or not least <= int(given) <= most:
        raise malformed(name, f"{name} is a whole number from {least} to {most}")
    return int(given)


def malformed(name: str, message: str) -> RequestRefused:
    """Refuse a parameter."""
    return RequestRefused(400, "malformed", f"{message}.", errors=[{"field": name, "message": message}])


def only(request: Request, *known: str) -> None:
    """Refuse a parameter that would be passed over, as `grouId`, or one of two: the question would be another one."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    if unknown := sorted(set(given) - set(known)):
        raise malformed(unknown[0], f"{unknown[0]} is no parameter here; known: {', '.join(known) or 'none'}")
    if repeated := [name for name, count in given.items() if count > 1]:
        raise malformed(repeated[0], f"{repeated[0]} is given more than once")


def limit(request: Request) -> int:
    """Read how many rows a page has."""
    return whole_number("limit", request.query_params.get("limit", "100"), least=1, most=1000)


def revision_after(request: Request) -> int:
    """Read the revision that a page of the history follows."""
    return whole_number("after", request.query_params.get("after", "0"), least=0)


def group(request: Request) -> str | int | None:
    """Read which group is asked about, if any."""
    name, identifier = request.query_params.get("groupName"), request.query_params.get("groupID")
    if name is not None and identifier is not None:
        raise malformed("groupName", "Give groupName or groupID, not both")
    return name if identifier is None else whole_number("groupID", identifier, least=1)


def place_after(request: Request) -> tuple[int, int] | None:
    """Read where a page of conversations goes on; raises `RequestRefused`."""
    given = request.query_params.get("after")
    if given is None:
        return None
    try:
        place = _PLACE.fullmatch(b64decode(given.encode("ascii"), b"-_", validate=True).decode("ascii"))
    except ValueError:
        place = None
    if place is None:
        raise malformed("after", "after is the `next` of the page before")
    return int(place[1]), int(place[2])


def place_of(joined: Membership) -> str:
    """Give the `next` of a page whose last conversation joined so."""
    return urlsafe_b64encode(f"{joined.revision}.{joined.place}".encode()).decode()
