"""Paired measurements of the SDK and the sandbox; ``benchmarks/run.py`` runs them all."""
