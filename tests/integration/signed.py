"""Two apps with keys, and signatures of their users as the product's own libraries make them."""

from pathlib import Path

from TLSSigAPIv2 import TLSSigAPIv2

from adapters.apps import Apps

APP, OTHER_APP, POOR_APP, SMALL_APP = 1400000001, 1400000002, 1400000003, 1400000004
ADMIN = "administrator"

APPS_FILE = f"""
[[apps]]
sdkAppID = {APP}
secretKeys = ["new", "old"]
admins = ["{ADMIN}", "root"]

[[apps]]
sdkAppID = {OTHER_APP}
secretKeys = ["other"]
admins = ["{ADMIN}"]

[[apps]]
sdkAppID = {POOR_APP}
secretKeys = ["poor"]
edition = "professional"

[[apps]]
sdkAppID = {SMALL_APP}
secretKeys = ["small"]
limits = {{ groups = 2, nameBytes = 5, conversationsPerCommand = 3, conversations = 4, overflow = "evict-oldest" }}
"""

KEYS = {APP: "new", OTHER_APP: "other", POOR_APP: "poor", SMALL_APP: "small"}


def apps_in(folder: Path) -> Apps:
    """Write the file with the apps, and read it as the service does."""
    path = folder / "apps.toml"
    path.write_text(APPS_FILE, encoding="utf-8")
    return Apps.read(str(path))


def usersig(identifier: str, *, app: int = APP, key: str | None = None, expire: int = 3600) -> str:
    """Sign in the product's way."""
    made: str = TLSSigAPIv2(app, key or KEYS[app]).gen_sig(identifier, expire)
    return made


def signed(identifier: str, *, app: int = APP, key: str | None = None, expire: int = 3600) -> dict[str, str]:
    """Give the header of a signed request."""
    return {"Authorization": f'UserSig usersig="{usersig(identifier, app=app, key=key, expire=expire)}"'}
