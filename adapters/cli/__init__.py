"""The command line, `convgroups`."""
