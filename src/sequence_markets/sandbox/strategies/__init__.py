"""Hosted strategies: programs that are uploaded, started, watched and stopped over the API.

An upload is checked whole before anything is kept of it. What is public about a strategy (its name, settings, states
and runs) is part of the exchange's state and its journal; the artifact, the secrets and the key live in memory only.
The code is run in a process of its own when the sandbox was told to; otherwise the states are gone through without it.
"""

from __future__ import annotations
