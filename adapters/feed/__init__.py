"""The live feed of one process, free of HTTP."""
