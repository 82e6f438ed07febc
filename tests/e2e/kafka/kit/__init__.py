"""The kit for consumers, with the real relay and the real broker."""
