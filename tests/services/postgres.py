"""A real PostgreSQL for the tests: the one of the environment, else a container, else a server of this machine's."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from infra.postgres.postgres import INITDB, LocalPostgres, UnavailableError
from tests.services.postgres_proxy import PostgresProxy
from tests.services.provision import docker_lacks, missing, note_use

ADDRESS = "CONVGROUPS_TEST_POSTGRES"
IMAGE = "CONVGROUPS_TEST_POSTGRES_IMAGE"


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Iterator[str]:
    """Give the URL of a server that all tests share: take `postgres_url` for a database on it."""
    image = os.environ.get(IMAGE) or "postgres:15"
    if url := os.environ.get(ADDRESS):
        note_use(pytestconfig, "PostgreSQL", f"{_version(url)}, the one of {ADDRESS}")
        yield url
    elif not (no_container := docker_lacks(image)):
        with _container(image) as url:
            note_use(pytestconfig, "PostgreSQL", f"{_version(url)}, {image} in Docker")
            yield url
    else:
        with local_server(no_container) as server:
            note_use(pytestconfig, "PostgreSQL", f"{server.version}, installed here")
            yield server.url


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """Give the URL of an empty database of the test's own."""
    with new_database(postgres) as url:
        yield url


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """Make an empty database, and drop it in the end, whoever is connected to it."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_proxy(postgres: str) -> Iterator[PostgresProxy]:
    """Give a proxy before the server that all tests share: its `url_for` leads a database's URL through it."""
    with PostgresProxy(postgres) as proxy:
        yield proxy


@pytest.fixture
def own_postgres(pytestconfig: pytest.Config) -> Iterator[LocalPostgres]:
    """Give a running server of the test's own, which it may kill and start again; it keeps what it committed."""
    with local_server() as server:
        note_use(pytestconfig, "PostgreSQL of a test's own", f"{server.version}, installed here")
        yield server


def _version(url: str) -> str:
    """See that the server answers, and tell its version."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            return str(connection.info.server_version // 10_000)
    except psycopg.Error as error:
        pytest.fail(f"no connection to the PostgreSQL of {ADDRESS}: {error}", pytrace=False)


@contextmanager
def _container(image: str) -> Iterator[str]:
    from testcontainers.community.postgres import PostgresContainer

    container = PostgresContainer(image, username="test", password="test", dbname="test", driver=None)
    with container.with_env("POSTGRES_INITDB_ARGS", " ".join(INITDB)):
        yield container.get_connection_url()


@contextmanager
def local_server(*no_other_way: str) -> Iterator[LocalPostgres]:
    try:
        server = LocalPostgres()  # not in the folder of the test, which only its owner may enter
    except UnavailableError as error:
        missing("PostgreSQL", *no_other_way, str(error))
    with server:
        yield server
