"""A service, devices of its users in Node, and a network between them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest

from tests.e2e.client.device import APP, Device
from tests.e2e.conftest import NewService, new_service
from tests.e2e.service import Service
from tests.services.network import Network
from tests.services.node import Node

__all__ = ["new_service"]

NewDevice = Callable[..., Device]


@pytest.fixture(scope="module")
def service(new_service: NewService) -> Service:
    service = new_service()
    service.start()
    return service


@pytest.fixture
def network(service: Service) -> Iterator[Network]:
    with Network(service.url) as network:
        yield network


@pytest.fixture
def user() -> str:
    return f"user-{uuid4().hex[:8]}"


@pytest.fixture
def new_device(node: Node, service: Service) -> Iterator[NewDevice]:
    with ExitStack() as devices:

        def new(url: str | None = None, app: int = APP) -> Device:
            return devices.enter_context(Device(node, url or service.url, app=app))

        yield new


@pytest.fixture
def phone(new_device: NewDevice, user: str) -> Device:
    return new_device().login(user)


@pytest.fixture
def tablet(new_device: NewDevice, user: str) -> Device:
    return new_device().login(user)
