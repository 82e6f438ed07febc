"""What stops the relay until a person has decided."""


class RelayRefused(Exception):  # noqa: N818 - an answer to whoever runs the service
    """The relay does not go on by itself; the message says what it found and what to do."""
