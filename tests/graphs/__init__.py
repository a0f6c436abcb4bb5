"""Execution graphs: building, checking, recipes and pictures."""
