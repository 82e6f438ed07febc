"""Given, when, then: the aggregate, and the values that it is made of."""
