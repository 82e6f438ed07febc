"""What stops the relay until a person has decided."""

from domain.stored import CannotGoOn


class RelayRefused(CannotGoOn):
    """The relay does not go on by itself; the message says what it found and what to do."""
