"""Connecting one of kafka-python's clients, and saying in our words what it raises."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from kafka import errors
from kafka.net.compat import KafkaNetClient
from kafka.net.selector import NetworkSelector

from adapters.kafka.refused import RelayRefused
from adapters.kafka.settings import KafkaSettings
from domain.ports import Unavailable

PATIENCE: Final = 10.0
"""Seconds until an answer is given up. A transaction that takes longer is aborted by the broker."""

_OPTIONS: Final[dict[str, object]] = {
    "bootstrap_timeout_ms": 4_000,
    "request_timeout_ms": 5_000,
    "reconnect_backoff_max_ms": 500,
}


class RecordTooLarge(Exception):  # noqa: N818 - the relay makes the answer of it
    """Kafka does not take the largest of the records. None of them is visible."""


def connect(settings: KafkaSettings, client: Callable[..., Any], **options: object) -> Any:
    """Connect a client of kafka-python; where there is no broker, close the sockets and threads that it would leave."""
    servers = settings.bootstrap_servers
    with in_our_words(settings, "connecting"), ExitStack() as undo:

        def connection(**config: object) -> Any:
            selector = NetworkSelector(**config)
            undo.callback(selector.close)
            made = KafkaNetClient(selector, **config)
            undo.callback(made.close)
            return made

        try:
            connected = client(bootstrap_servers=servers, kafka_client=connection, **_OPTIONS, **options)
        except ValueError as error:
            raise RelayRefused(
                f"CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS={servers}: {error}. Write host:port,host:port."
            ) from error
        undo.pop_all()
        return connected


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
    except errors.ProducerFencedError as error:
        raise Unavailable(f"{kafka}: another relay has taken over while this one was {doing}.") from error
    except errors.KafkaError as error:
        raise Unavailable(f"{kafka} failed {doing}: {error}") from error
