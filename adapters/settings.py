"""The settings, from environment variables that begin with `CONVGROUPS_`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX: Final = "CONVGROUPS_"

LATER: Final = (
    "APPS_FILE",
    "CORS_ORIGINS",
    "FEED_DEPTH",
    "KAFKA_SASL_MECHANISM",
    "KAFKA_SASL_PASSWORD",
    "KAFKA_SASL_USERNAME",
    "KAFKA_SECURITY_PROTOCOL",
    "KAFKA_SSL_CAFILE",
)
"""Settings of releases to come. They are refused, not passed over: whoever sets one relies on it."""

OF_TESTS: Final = ("REQUIRE_SERVICES", "SEED", "TEST_KAFKA", "TEST_KAFKA_IMAGE", "TEST_POSTGRES")


class SettingRefused(Exception):  # noqa: N818 - an answer to whoever starts the service
    """A setting has a value that this release cannot work with; the message names it and says what to do."""


class Settings(BaseSettings):
    """What an operator decides; the defaults need nothing but a folder to write to."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    database_url: str = "sqlite:///convgroups.db"
    kafka_bootstrap_servers: str | None = Field(None, min_length=1)
    """Where Kafka is, as `host:port,host:port`; without it the relay is off."""

    kafka_topic_prefix: str = Field("conversation-groups", pattern=r"^[A-Za-z0-9._-]{1,200}$")
    kafka_partitions: int = Field(12, ge=1, le=10_000)
    kafka_replication_factor: int | None = Field(None, ge=1)
    """None leaves it to the broker's default."""

    auth: Literal["off"] = "off"
    """`off` trusts every caller, and so is served on a loopback address only."""

    idempotency_days: int = Field(7, ge=1, le=36_500)
    log_format: Literal["console", "json"] = "console"

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if url.startswith(("postgresql:", "postgres:")):
            raise ValueError("PostgreSQL comes with the next release; use sqlite:///FILE until then")
        if not url.startswith("sqlite:///") or url.removeprefix("sqlite:///").strip("/") in ("", ":memory:"):
            raise ValueError("use sqlite:///FILE, or sqlite:////FILE for a path from the root")
        return url

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return Path(self.database_url.removeprefix("sqlite:///"))


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read and check the settings; raises `SettingRefused`."""
    for name in LATER:
        if PREFIX + name in environment:
            raise SettingRefused(f"{PREFIX}{name} is not served by this release: unset it.")
    try:
        return Settings()
    except ValidationError as refused:
        lines = [_sentence(error) for error in refused.errors(include_url=False)]
        raise SettingRefused("\n".join(lines)) from None


def unknown_settings(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Name the variables that look like settings and are none: most likely slips of the pen."""
    known = {PREFIX + name for name in (*OF_TESTS, *(field.upper() for field in Settings.model_fields))}
    return sorted(name for name in environment if name.startswith(PREFIX) and name not in known)


def _sentence(error: Any) -> str:
    name = PREFIX + str(error["loc"][0]).upper()
    if name == PREFIX + "AUTH":
        return f"{name}={error['input']}: only `off` is served by this release, on a loopback address."
    return f"{name}={error['input']}: {error['msg'].removeprefix('Value error, ')}."
