"""Connecting one of kafka-python's clients, and saying in our words what it raises."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from socket import create_connection
from typing import Any, Final
from urllib.parse import urlsplit

from kafka import errors
from kafka.net.compat import KafkaNetClient
from kafka.net.selector import NetworkSelector

from adapters.kafka.client.sockets import PLAIN
from adapters.kafka.refused import RelayRefused
from adapters.kafka.settings import KafkaSettings
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


def connect(settings: KafkaSettings, client: Callable[..., Any], **options: object) -> Any:
    """Connect a client of kafka-python; where that fails, close the sockets and threads that it would leave behind."""
    knock(settings)
    with in_our_words(settings, "connecting"), ExitStack() as undo:

        def connection(**config: object) -> Any:
            selector = NetworkSelector(**config)
            undo.callback(selector.close)
            made = KafkaNetClient(selector, **config)
            undo.callback(made.close)
            return made

        connected = client(bootstrap_servers=_servers(settings), kafka_client=connection, **_OPTIONS, **options)
        undo.pop_all()
        return connected


def knock(settings: KafkaSettings) -> None:
    """Raise `Unavailable` at once where nobody listens; kafka-python would go on trying for seconds."""
    failures = []
    for server in _servers(settings):
        try:
            address = urlsplit(f"//{server}")
            create_connection((address.hostname, address.port or 9092), timeout=2).close()
        except ValueError as error:
            raise RelayRefused(
                f"CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS={settings.bootstrap_servers}: {error}. Write host:port,host:port."
            ) from error
        except OSError as error:
            failures.append(f"{server}: {error}")
        else:
            return
    raise Unavailable(f"Kafka does not answer: {'; '.join(failures)}")


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
    except (errors.AuthorizationError, errors.SaslAuthenticationFailedError) as error:
        raise RelayRefused(f"{kafka} does not permit {doing}: {error}. Give the service's user that right.") from error
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
