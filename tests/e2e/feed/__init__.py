"""The live feed of real services: killed, stopped, several on one database, and with very many readers."""
