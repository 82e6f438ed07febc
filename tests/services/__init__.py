"""Real services for the tests, one file each: from the environment, from Docker, or started on this machine."""
