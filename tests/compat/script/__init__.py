"""The calls that the published client makes, in a process of its own."""
