"""The apps that are served: what each allows its users, and with which keys its users sign. Read from `APPS_FILE`."""

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, ValidationError

from domain.limits import Limits, Policy
from domain.values import MAX_ID, WireModel, is_user_id

FLAGSHIP = "flagship"
"""The edition that has conversation groups."""

_WORDS: Final = {"model_type": "write a table", "too_short": "it is empty", "tuple_type": "write an array"}
"""What TOML calls it."""


def _user_id(text: str) -> str:
    if not is_user_id(text):
        raise ValueError("a user ID has 1 to 64 bytes of UTF-8, without control characters and without '/'")
    return text


class AppLimits(Limits):
    """The limits of one app; what is not given has the product's default."""

    model_config = ConfigDict(extra="forbid")


class App(WireModel):
    """One block `[[apps]]`."""

    model_config = ConfigDict(extra="forbid")

    sdk_app_id: Annotated[int, Field(ge=1, le=MAX_ID)]
    secret_keys: Annotated[tuple[Annotated[SecretStr, Field(min_length=1)], ...], Field(strict=False)] = ()
    """The first one signs, each one verifies; without any nobody can sign in."""

    admins: Annotated[tuple[Annotated[str, AfterValidator(_user_id)], ...], Field(strict=False)] = ()
    """Users who may act for every user of the app."""

    edition: str = FLAGSHIP
    limits: AppLimits = AppLimits()

    @property
    def keys(self) -> list[str]:
        """The keys themselves, which are to be shown to nobody."""
        return [key.get_secret_value() for key in self.secret_keys]

    @property
    def policy(self) -> Policy:
        """What holds for the app's users."""
        return Policy(self.limits, entitled=self.edition == FLAGSHIP)


class Apps:
    """The apps by their IDs. Every other app has the defaults, no keys and no administrators."""

    def __init__(self, apps: Iterable[App] = (), path: str | None = None) -> None:
        self._path = path
        self._apps: dict[int, App] = {}
        for app in apps:
            if app.sdk_app_id in self._apps:
                raise ValueError(f"there are two blocks with sdkAppID = {app.sdk_app_id}")
            self._apps[app.sdk_app_id] = app
        self._admins = {app.sdk_app_id: frozenset(app.admins) for app in self}
        self._policies: dict[int, Policy] = {app.sdk_app_id: app.policy for app in self}
        self._default = Policy()

    @classmethod
    def read(cls, path: str) -> Self:
        """Read the file; raises `ValueError` with a sentence that names the key, and never shows a secret."""
        try:
            given = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            raise ValueError("the file is not UTF-8") from None
        except OSError as error:
            raise ValueError(f"the file cannot be read: {error.strerror or error}") from None
        except (ValueError, RecursionError) as error:
            raise ValueError(f"the file is not TOML: {error}") from None
        for key in given.keys() - {"apps"}:
            raise ValueError(f"{key}: there is no such key; each app is a block [[apps]]")
        blocks = given.get("apps")
        if not isinstance(blocks, list) or not blocks:
            raise ValueError("the file names no app; write one block [[apps]] for each")
        return cls((_app(place, block) for place, block in enumerate(blocks, start=1)), path)

    def __iter__(self) -> Iterator[App]:
        """Give the apps, in the order of the file."""
        return iter(self._apps.values())

    def __str__(self) -> str:
        return str(self._path)

    def keys_of(self, sdk_app_id: int) -> list[str]:
        """Give the keys of an app, the one that signs first."""
        app = self._apps.get(sdk_app_id)
        return [] if app is None else app.keys

    def is_admin(self, sdk_app_id: int, user_id: str) -> bool:
        """Tell whether a user may act for every user of an app."""
        return user_id in self._admins.get(sdk_app_id, ())

    def policy_of(self, sdk_app_id: int) -> Policy:
        """Tell what holds for an app."""
        return self._policies.get(sdk_app_id, self._default)


def _app(place: int, block: Any) -> App:
    try:
        return App.model_validate(block, by_alias=True, by_name=False)
    except ValidationError as refused:
        found = refused.errors(include_url=False, include_input=False, include_context=False)
        raise ValueError("; ".join(_sentence(place, error) for error in found[:5])) from None


def _sentence(place: int, error: Any) -> str:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]).removeprefix(".")
    words = _WORDS.get(error["type"], error["msg"].removeprefix("Value error, "))
    if error["type"] == "extra_forbidden":
        known = AppLimits if error["loc"][0] == "limits" and len(error["loc"]) > 1 else App
        words = (
            f"there is no such key; there are {', '.join(str(field.alias) for field in known.model_fields.values())}"
        )
    return f"block {place} of [[apps]], {key or 'as a whole'}: {words}"
