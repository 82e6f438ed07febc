"""Adapters that need no outside: what stands in for it here is smaller than the real one."""
