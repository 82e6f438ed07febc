"""The rules, the projections, and what of the adapters needs no outside."""
