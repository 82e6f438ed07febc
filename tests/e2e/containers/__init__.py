"""The service in a container, and the tests' own services in containers."""
