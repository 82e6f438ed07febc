"""A published server library of the product, unchanged, against the service."""
