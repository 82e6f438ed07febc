"""Sockets that are closed where nobody answers; kafka-python leaves one to the garbage collector with each vain try."""

from typing import Any, Final

from kafka.net.inet import KafkaNetSocket

PLAIN: Final = "plain://"
"""What to give a client of kafka-python as `proxy_url`: there it looks up the kind of its sockets. No proxy is used."""


class _ClosedOnFailure(KafkaNetSocket):  # type: ignore[misc]  # kafka-python has no types
    SCHEMES = (PLAIN.removesuffix("://"),)

    async def sock_connect(self, net: Any, sock: Any, sockaddr: Any, timeout_at: float | None = None) -> Any:
        try:
            return await super().sock_connect(net, sock, sockaddr, timeout_at)
        except BaseException:
            sock.close()
            raise
