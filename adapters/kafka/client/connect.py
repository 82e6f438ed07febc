"""Connecting one of kafka-python's clients, and saying in our words what it raises."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from socket import create_connection
from typing import Any, Final
from urllib.parse import urlsplit

from kafka import errors
from kafka.net.compat import KafkaNetClient
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from adapters.kafka.client.sockets import PLAIN
from adapters.kafka.refused import RelayRefused
from adapters.kafka.settings import KafkaSettings, Security
from domain.ports import Unavailable

PATIENCE: Final = 10.0
"""Seconds until an answer is given up. A transaction that takes longer is aborted by the broker."""

_OPTIONS: Final[dict[str, object]] = {
    "bootstrap_timeout_ms": 4_000,
    "request_timeout_ms": 5_000,
    "reconnect_backoff_max_ms": 500,
    "proxy_url": PLAIN,
}


class RecordTooLarge(Exception):  # noqa: N818 - the relay makes the answer of it
    """Kafka does not take the largest of the records. None of them is visible."""


class _Manager(KafkaConnectionManager):  # type: ignore[misc]  # kafka-python has no types
    """Keeps in mind why a broker let nobody in."""

    refused: Exception | None = None

    def get_connection(self, *which: Any, **how: Any) -> Any:
        connection = super().get_connection(*which, **how)
        connection.init_future.add_errback(self._note)
        return connection

    def _note(self, reason: Exception) -> None:
        if isinstance(reason, errors.SaslAuthenticationFailedError | errors.UnsupportedSaslMechanismError):
            self.refused = reason


def connect(settings: KafkaSettings, client: Callable[..., Any], **options: object) -> Any:
    """Connect a client of kafka-python; where that fails, close the sockets and threads that it would leave behind."""
    knock(settings)
    with in_our_words(settings, "connecting"), ExitStack() as undo:
        connections = []

        def connection(**config: object) -> Any:
            selector = NetworkSelector(**config)
            undo.callback(selector.close)
            made = KafkaNetClient(selector, _Manager(selector, **config), **config)
            undo.callback(made.close)
            connections.append(made)
            return made

        security = _security(settings.security)
        try:
            connected = client(
                bootstrap_servers=_servers(settings), kafka_client=connection, **security, **_OPTIONS, **options
            )
        except errors.KafkaTimeoutError:
            for made in connections:
                if made._manager.refused is not None:  # noqa: SLF001 - kafka-python has tried on, and says so only
                    raise made._manager.refused from None  # noqa: SLF001
            raise
        undo.pop_all()
        return connected


def _security(security: Security) -> dict[str, object]:
    return {
        "security_protocol": security.protocol,
        "sasl_mechanism": security.mechanism,
        "sasl_plain_username": security.username,
        "sasl_plain_password": security.password,
        "ssl_cafile": None if security.ca_file is None else str(security.ca_file),
    }


def knock(settings: KafkaSettings) -> None:
    """Raise `Unavailable` at once where nobody listens; kafka-python would go on trying for seconds.

    Raises `RelayRefused` where whoever listens has no certificate that is trusted: there kafka-python gives no reason.
    """
    failures = []
    for server in _servers(settings):
        try:
            address = urlsplit(f"//{server}")
            host, port = address.hostname or "", address.port or 9092
            with create_connection((host, port), timeout=2) as connection:
                if settings.security.encrypted:
                    _tls(settings.security).wrap_socket(connection, server_hostname=host).close()
        except ssl.SSLCertVerificationError as error:
            raise RelayRefused(
                f"The certificate of Kafka at {server} is not trusted: {error.verify_message}. Name the file with the "
                "certificates of who signed it in CONVGROUPS_KAFKA_SSL_CAFILE, and the server as its certificate does."
            ) from error
        except ssl.SSLError as error:
            failures.append(f"{server} does not speak TLS as CONVGROUPS_KAFKA_SECURITY_PROTOCOL says: {error.reason}")
        except OSError as error:
            failures.append(f"{server}: {error}")
        except ValueError as error:
            raise RelayRefused(
                f"CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS={settings.bootstrap_servers}: {error}. Write host:port,host:port."
            ) from error
        else:
            return
    raise Unavailable(f"Kafka does not answer: {'; '.join(failures)}")


@lru_cache(maxsize=1)
def _tls(security: Security) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=security.ca_file)


def _servers(settings: KafkaSettings) -> list[str]:
    return [server.strip() for server in settings.bootstrap_servers.split(",") if server.strip()]


@contextmanager
def in_our_words(settings: KafkaSettings, doing: str) -> Iterator[None]:
    """Turn what kafka-python raises while `doing` something into what the relay's callers know."""
    kafka = f"Kafka at {settings.bootstrap_servers}"
    try:
        yield
    except (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError) as error:
        raise RecordTooLarge(str(error)) from error
    except errors.AuthorizationError as error:
        who = settings.security.username or "the service's user"
        raise RelayRefused(f"{kafka} does not permit {doing}: {error}. Give {who} that right.") from error
    except (errors.SaslAuthenticationFailedError, errors.UnsupportedSaslMechanismError) as error:
        raise RelayRefused(
            f"{kafka} does not let {settings.security.username} in: {error}. Change CONVGROUPS_KAFKA_SASL_USERNAME, "
            "CONVGROUPS_KAFKA_SASL_PASSWORD or CONVGROUPS_KAFKA_SASL_MECHANISM."
        ) from error
    except (errors.UnsupportedVersionError, errors.UnrecognizedBrokerVersion) as error:
        raise RelayRefused(f"{kafka} is too old for {doing}: {error}. Use Kafka 4.0 or newer.") from error
    except (
        errors.InvalidConfigurationError,
        errors.InvalidPartitionsError,
        errors.InvalidReplicationFactorError,
        errors.InvalidTopicError,
        errors.InvalidTransactionTimeoutError,
        errors.PolicyViolationError,
    ) as error:
        raise RelayRefused(
            f"{kafka} refuses {doing}: {error}. Change CONVGROUPS_KAFKA_TOPIC_PREFIX, CONVGROUPS_KAFKA_PARTITIONS, "
            "CONVGROUPS_KAFKA_REPLICATION_FACTOR or the broker's own settings."
        ) from error
    except (errors.ProducerFencedError, errors.InvalidProducerEpochError) as error:
        raise Unavailable(
            f"{kafka}: another relay has taken over, or {doing} took more than {PATIENCE:.0f} s."
        ) from error
    except (errors.KafkaError, RuntimeError) as error:  # RuntimeError: what its own loop says of a broken connection
        raise Unavailable(f"{kafka} failed {doing}: {error}") from error
