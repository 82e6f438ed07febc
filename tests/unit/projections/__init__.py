"""What the read side answers, and the loop that keeps it up with the log."""
