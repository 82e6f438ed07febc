"""Any sequence of commands, against a model that is obviously right."""
