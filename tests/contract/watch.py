"""Watches what a store is asked, whether commands come to it on a thread that blocks or on an event loop."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.store.in_thread import InThread
from tests.contract.stores import Store


def nothing(*_: object) -> None: ...


def watch(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    before: Callable[[Any], None] = nothing,
    after: Callable[[Any, Any], None] = nothing,
) -> None:
    """Tell of each call of a recorder's method its argument, and then what it gave; `before` may raise instead."""
    asked = getattr(store.recorder, method)

    def at_once(argument: Any) -> Any:
        before(argument)
        found = asked(argument)
        after(argument, found)
        return found

    monkeypatch.setattr(store.recorder, method, at_once)
    if store.awaited is None or isinstance(store.awaited, InThread):  # which asks the recorder
        return
    awaited = getattr(store.awaited, method)

    async def later(argument: Any) -> Any:
        before(argument)
        found = await awaited(argument)
        after(argument, found)
        return found

    monkeypatch.setattr(store.awaited, method, later)
