"""Consumers of other makers, written from the published contract alone."""
