"""What the read side answers, one file a question, and the loop that keeps the answers up with the log."""
