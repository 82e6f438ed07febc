"""What all tests share: real services, and the report of the proofs."""

from tests.proof import pytest_addoption, pytest_configure
from tests.services.browser import browser
from tests.services.kafka import kafka, kafka_prefix, own_kafka
from tests.services.node import node
from tests.services.postgres import own_postgres, postgres, postgres_proxy, postgres_url
from tests.services.provision import pytest_terminal_summary

__all__ = [
    "browser",
    "kafka",
    "kafka_prefix",
    "node",
    "own_kafka",
    "own_postgres",
    "postgres",
    "postgres_proxy",
    "postgres_url",
    "pytest_addoption",
    "pytest_configure",
    "pytest_terminal_summary",
]
