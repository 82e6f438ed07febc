"""What browsers load. No code of the service: the files are served as they are."""
