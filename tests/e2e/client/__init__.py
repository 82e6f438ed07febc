"""The JavaScript client against the real service: in Node and in a browser."""
