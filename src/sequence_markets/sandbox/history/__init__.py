"""Prices and trades of the past, read from the same market that quotes the present."""
