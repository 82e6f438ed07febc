"""The peers: each a program that carries out the same command in its own way and answers `benchmarks.protocol`."""
