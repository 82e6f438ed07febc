"""Technology: the event store, the views, Kafka, HTTP and the command line. `main` builds everything."""
