"""The settings, from environment variables that begin with `CONVGROUPS_`."""

import os
import re
import ssl
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.apps import Apps

PREFIX: Final = "CONVGROUPS_"

_SERVER: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}")

_PART: Final = "(?:[^%@/?:,\\s]|%[0-9A-Fa-f]{2})"
_HOST: Final = rf"(?:{_PART}*|\[[0-9A-Fa-f:.]+\])(?::\d*)?"
_POSTGRES: Final = re.compile(
    rf"postgres(?:ql)?://(?:(?:{_PART}|[:,])*@)?{_HOST}(?:,{_HOST})*(?:/{_PART}*)?(?:\?(?:{_PART}|[/?:,])*)?"
)

_ORIGIN: Final = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?", re.IGNORECASE)
_DEFAULT_PORT: Final = re.compile(r"^(http(?=:.*:80$)|https(?=:.*:443$))(://.*):\d+$")

OF_CALLERS: Final = ("USERSIG",)
"""What the command line reads where it asks a service."""

OF_TESTS: Final = (
    "REQUIRE_SERVICES",
    "TEST_BLOAT_MINUTES",
    "TEST_CONTAINERS",
    "TEST_KAFKA",
    "TEST_KAFKA_IMAGE",
    "TEST_POSTGRES",
    "TEST_POSTGRES_IMAGE",
    "TEST_SEED_PAGE",
)


class SettingRefused(Exception):  # noqa: N818 - an answer to whoever starts the service
    """A setting has a value that this release cannot work with; the message names it and says what to do."""


class Settings(BaseSettings):
    """What an operator decides; the defaults need nothing but a folder to write to."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", arbitrary_types_allowed=True)

    database_url: str = "sqlite:///convgroups.db"
    kafka_bootstrap_servers: str | None = None
    """Where Kafka is, as `host:port,host:port`; without it the relay is off."""

    kafka_topic_prefix: str = Field("conversation-groups", pattern=r"^[A-Za-z0-9._-]{1,200}$")
    kafka_partitions: int = Field(12, ge=1, le=10_000)
    kafka_replication_factor: int | None = Field(None, ge=1)
    """None leaves it to the broker's default."""

    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_cafile: Path | None = None
    """Who signed the brokers' certificates; without it, whom this machine trusts."""

    apps_file: Apps = Apps()
    """The apps, read from the file that is named; without one every app has the defaults."""

    auth: Literal["off", "usersig"] = "off"
    """`off` trusts every caller, and so is served on a loopback address only; `usersig` asks for a signature."""

    cors_origins: str | None = None
    """Whose pages may call: origins with commas between them, or `*`."""

    idempotency_days: int = Field(7, ge=1, le=36_500)
    feed_depth: int = Field(10_000, ge=1, le=1_000_000)
    """How many revisions the live feed tells one by one to a reader who comes back; behind more it begins anew."""

    log_format: Literal["console", "json"] = "console"

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if url.startswith(("postgresql://", "postgres://")):
            if not _POSTGRES.fullmatch(url):
                raise ValueError(
                    "use postgresql://USER:PASSWORD@HOST:PORT/NAME, and in the password %25 for %, %40 for @, %2F for "
                    "/, %3F for ?, %20 for a blank"
                )
            return url
        if not url.startswith("sqlite:///") or url.removeprefix("sqlite:///").strip("/") in ("", ":memory:"):
            raise ValueError(
                "use sqlite:///FILE, sqlite:////FILE for a path from the root, or postgresql://USER:PASSWORD@HOST/NAME"
            )
        return url

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _some_server(cls, servers: str | None) -> str | None:
        for server in servers.split(",") if servers is not None else ():
            if not _SERVER.fullmatch(server.strip()):
                raise ValueError("name the brokers as host:port,host:port, or unset it")
        return servers

    @field_validator("kafka_ssl_cafile")
    @classmethod
    def _some_certificates(cls, file: Path | None) -> Path | None:
        if file is not None:
            try:
                ssl.create_default_context(cafile=file)
            except (OSError, ssl.SSLError) as error:
                why = error.strerror if isinstance(error, OSError) and error.strerror else error
                raise ValueError(f"name a file with certificates in PEM form ({why})") from error
        return file

    @model_validator(mode="after")
    def _whole_security(self) -> Self:
        sasl = self.kafka_security_protocol.startswith("SASL")
        for name in ("mechanism", "username", "password"):
            given = getattr(self, f"kafka_sasl_{name}") is not None
            if sasl and not given:
                raise ValueError(
                    f"{PREFIX}KAFKA_SASL_{name.upper()} is missing: {PREFIX}KAFKA_SECURITY_PROTOCOL="
                    f"{self.kafka_security_protocol} needs it"
                )
            if given and not sasl:
                raise ValueError(
                    f"{PREFIX}KAFKA_SASL_{name.upper()} is of no use with {PREFIX}KAFKA_SECURITY_PROTOCOL="
                    f"{self.kafka_security_protocol}: set that to SASL_SSL, or unset it"
                )
        if self.kafka_ssl_cafile is not None and not self.kafka_security_protocol.endswith("SSL"):
            raise ValueError(
                f"{PREFIX}KAFKA_SSL_CAFILE is of no use with {PREFIX}KAFKA_SECURITY_PROTOCOL="
                f"{self.kafka_security_protocol}: set that to SSL or SASL_SSL, or unset it"
            )
        return self

    @field_validator("apps_file", mode="before")
    @classmethod
    def _read_apps(cls, given: Any) -> Any:
        return Apps.read(given) if isinstance(given, str) else given

    @field_validator("auth")
    @classmethod
    def _has_keys(cls, auth: str, info: ValidationInfo) -> str:
        # With a file that cannot be read, that alone is to be said.
        if auth == "usersig" and "apps_file" in info.data and not list(info.data["apps_file"]):
            raise ValueError(f"name the file with the apps and their keys in {PREFIX}APPS_FILE")
        return auth

    @field_validator("cors_origins")
    @classmethod
    def _some_origin(cls, origins: str | None) -> str | None:
        for origin in _origins(origins):
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    "use origins as https://app.example.com or http://localhost:5173, without a path, with commas "
                    "between them; or * for any"
                )
        return origins

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """The origins whose pages may call, as browsers write them."""
        return tuple(_DEFAULT_PORT.sub(r"\1\2", origin.lower()) for origin in _origins(self.cors_origins))

    @property
    def postgres(self) -> str | None:
        """The address of the database in PostgreSQL; None where the database is an SQLite file."""
        return None if self.database_url.startswith("sqlite:") else self.database_url

    @property
    def database(self) -> Path:
        """The SQLite file, where it is one."""
        return Path(self.database_url.removeprefix("sqlite:///"))

    @property
    def named_database(self) -> str:
        """Name the database to people, without its password."""
        return str(self.database) if self.postgres is None else _without_password(self.postgres)


def read_settings() -> Settings:
    """Read and check the settings; raises `SettingRefused`."""
    try:
        return Settings()
    except ValidationError as refused:
        lines = [_sentence(error) for error in refused.errors(include_url=False)]
        raise SettingRefused("\n".join(lines)) from None


def unknown_settings() -> dict[str, str | None]:
    """Name the variables that look like settings and are none, most likely typos, each with what was meant perhaps."""
    known = [PREFIX + name for name in (*OF_CALLERS, *OF_TESTS, *(field.upper() for field in Settings.model_fields))]
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    return {name: next(iter(get_close_matches(name, known, n=1, cutoff=0.8)), None) for name in unknown}


def _sentence(error: Any) -> str:
    if not error["loc"]:  # of several settings: the message names them
        return f"{error['msg'].removeprefix('Value error, ')}."
    name = PREFIX + str(error["loc"][0]).upper()
    # What is wrong with the address of a database may be its password, and in whatever is none may be one.
    given = re.sub(r"^(postgres(?:ql)?://).*|^(?=.*@).*", r"\1***", str(error["input"]), flags=re.DOTALL)
    return f"{name}={given}: {error['msg'].removeprefix('Value error, ')}."


def _origins(given: str | None) -> list[str]:
    return [] if given is None else [origin.strip() for origin in given.split(",")]


def _without_password(url: str) -> str:
    return re.sub(r"//[^@]*@", "//***@", re.sub(r"(password=)[^&]*", r"\1***", url))
