"""The documents' blocks run against the real service."""

from tests.e2e.conftest import new_service

__all__ = ["new_service"]
