"""What a consumer has done, and how far behind it is."""

from dataclasses import dataclass


@dataclass
class Metrics:
    """Counts since the start, and gauges of now. Read it whenever you like."""

    handled: int = 0
    """Events that the handler is done with."""

    retried: int = 0
    """Times that the handler failed and was to be called again."""

    parked: int = 0
    """Events parked since the start."""

    waiting_parked: int = 0
    """Events that are parked now, in the partitions that this consumer has."""

    bootstrapped: int = 0
    """Users whose groups were handed over at the beginning."""

    in_flight: int = 0
    """Events that the handler is at work on."""

    queued: int = 0
    """Events that were read and wait for their turn."""

    lag: int = 0
    """Events that the handler is not done with, and the ends of transactions among them."""

    partitions: int = 0
    """That this consumer has."""
