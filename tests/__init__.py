"""The tests: what decides (`make test`) and what gives the long evidence (`make proof`)."""
