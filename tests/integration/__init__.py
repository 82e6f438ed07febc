"""The service as a whole, on a real file and a real socket: HTTP and the command line."""
