"""The service from end to end, on real brokers and in real processes."""
