"""What the relay costs: beside kafka-python's own producer, and from a command's answer to a consumer."""
