"""Bytes to the service and back, as no well-behaved client would send them."""

import socket
from collections.abc import Iterable
from typing import Any

import httpx

from tests.integration.service import Service


def exchange(service: Service, *parts: bytes, half_close: bool = False) -> bytes:
    """Send these parts on a connection of their own, and read until the service closes it."""
    with socket.create_connection(service.address, timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(_received(connection))


def _received(connection: socket.socket) -> Iterable[bytes]:
    while True:
        try:
            part = connection.recv(65_536)
        except ConnectionResetError:
            return
        if not part:
            return
        yield part


def request(
    target: str | bytes,
    *headers: str,
    method: str = "GET",
    body: bytes | None = None,
    host: str = "localhost",
    close: bool = True,
) -> bytes:
    """Write a request; the target goes as it is."""
    line = method.encode() + b" " + (target.encode() if isinstance(target, str) else target) + b" HTTP/1.1"
    given = [f"Host: {host}", *headers]
    if close:
        given.append("Connection: close")
    if body is not None:
        given += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    head = [line, *(header.encode("latin-1") for header in given), b"", b""]
    return b"\r\n".join(head) + (body or b"")


def status(answer: bytes) -> int:
    """Read the status of the first answer."""
    return int(answer.split(b" ", 2)[1])


def ask(service: Service, target: str, *headers: str, **told: Any) -> httpx.Response:
    """Send a request to the letter, where httpx would mend the target; the arguments are those of `request`."""
    head, _, content = exchange(service, request(target, *headers, **told)).partition(b"\r\n\r\n")
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return httpx.Response(status(head), headers=[(name, value.strip()) for name, _, value in lines], content=content)
