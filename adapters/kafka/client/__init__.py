"""kafka-python, behind a few small classes: what the relay asks, reads and writes. Nobody else imports it.

All of them raise `Unavailable` for what passes by itself, and `RelayRefused` for what needs a person.
"""
