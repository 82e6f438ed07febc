"""The service on a real PostgreSQL: several processes, killed, cut off and held up."""
