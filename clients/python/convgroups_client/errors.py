"""What goes wrong, and what to do about it."""


class ConsumerError(Exception):
    """Any of these; the message says what to do."""


class GapError(ConsumerError):
    """An event does not follow the last one of its user that is noted: one was missed."""


class OtherLogError(ConsumerError):
    """An event is of another log than those before: the service's database was restored from an older state."""


class BootstrapError(ConsumerError):
    """The groups topic does not tell all groups, or could not be read in time."""
