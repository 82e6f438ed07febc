"""The relay that publishes the log to Kafka, exactly once."""
