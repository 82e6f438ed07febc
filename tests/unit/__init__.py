"""The rules and the projections, without any technology."""
