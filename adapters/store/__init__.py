"""The event store: one file for each database."""
