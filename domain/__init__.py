"""The rules of conversation groups, complete and free of technology.

Read in this order: `values`, `limits`, `refusals`, `commands`, `events`, `groups` (the aggregate and how an event
changes it), `decide` (what a command may do), `service` (load, decide, save).
"""
